// C names within the source of one group.
#pragma once

#include <string>

#include "core/group/space.hpp"
#include "core/tile/program.hpp"

namespace ares {

/// Of a loop: `row` (its variable), ROWS (extent), ROW_TILE, ROW_TILES and LOOP_ROWS.
struct LoopNames {
  std::string variable, extent, tile, tiles, loop;
};

class GroupNames {
 public:
  explicit GroupNames(const TileProgram& program);

  const LoopNames& loop(LoopId i) const { return loops_[static_cast<size_t>(i)]; }
  /// Of a copy: `input`, `weights_chunk`, ...
  const std::string& copy(OperationId i) const { return copies_[static_cast<size_t>(i)]; }
  /// Of a buffer: L1_INPUT, L2_WEIGHTS_CHUNK, ...
  const std::string& buffer(BufferId i) const { return buffers_[static_cast<size_t>(i)]; }
  /// The C value of a dimension: a loop's current size, or the whole as a number. `walk`: the C name of the walk's
  /// state.
  std::string size(const Extent& e, const std::string& walk) const;

 private:
  boost::container::static_vector<LoopNames, max_loops> loops_;
  boost::container::static_vector<std::string, max_operations> copies_;
  boost::container::static_vector<std::string, max_buffers> buffers_;
};

}  // namespace ares
