// SearchSpace: every config of a group, numbered.
//
// A space is a list of knobs with their candidate values; config number i is the mixed-radix reading of i. Which of
// them are feasible is decided by constraints, each checked as soon as the knobs it needs are bound, so whole subtrees
// fall at once. Nothing is sampled by trial and error: for_each_feasible() visits exactly the feasible configs, in
// index order.
#pragma once

#include <array>
#include <boost/container/static_vector.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/group/config.hpp"
#include "core/group/group.hpp"
#include "core/target/target.hpp"

namespace ares {

/// Why a config is not feasible.
enum class Constraint : uint8_t {
  l1_capacity,       ///< the L1 buffers do not fit the window
  l2_capacity,       ///< the streamed weight chunks do not fit the L2 staging area
  redundant_order,   ///< another loop order with the same live loops gives the same program
  redundant_buffer,  ///< a further copy of a buffer that is filled or drained once
  prefetch_chain,    ///< L1 weights would be fetched further ahead than L2 chunks are
  chunk_tiles,       ///< the weight tile is larger than the streamed chunk
  foreign_value,     ///< a knob that the group does not have, or a value that it cannot take
  program_size,      ///< a fused group with more buffers or operations than a tile program holds
};
inline constexpr int constraint_count = 8;

const char* name_of(Constraint c);

/// The constraint that a config breaks, the knob to blame (for capacities: of the largest buffer), and by how many
/// bytes (0 where bytes are not the matter).
struct Infeasible {
  Constraint constraint;
  Knob knob;
  int64_t bytes_over = 0;
};

std::string to_string(const Infeasible& why);

struct KnobRange {
  Knob knob;
  boost::container::static_vector<uint16_t, 64> values;  ///< ascending
};

struct SearchSpace {
  GroupShape shape;
  Context context;
  boost::container::static_vector<KnobRange, knob_count> knobs;  ///< the first varies slowest

  /// Number of configs, feasible or not.
  uint64_t raw_size() const;
  Config config(uint64_t index) const;
  /// The index of a config; nothing where a value is not among the candidates.
  std::optional<uint64_t> index(const Config& c) const;
};

SearchSpace make_space(const GroupShape& shape, const Context& context);

/// Checks one config of any origin completely (tile sizes need not be among the candidates); nothing: feasible.
std::optional<Infeasible> check(const GroupShape& shape, const Context& context, const Config& c);
/// The same in a space that is at hand, which is most of the work.
std::optional<Infeasible> check(const SearchSpace& space, const Config& c);

/// How many raw configs each constraint removed; what remains is feasible.
struct SpaceCensus {
  uint64_t raw = 0, feasible = 0;
  std::array<uint64_t, constraint_count> removed{};
};

/// Visits the feasible configs in index order; the visitor returns false to stop.
SpaceCensus for_each_feasible(const SearchSpace& space,
                              const std::function<bool(uint64_t index, const Config&)>& visit);

/// Indices of all feasible configs.
std::vector<uint64_t> feasible_indices(const SearchSpace& space, SpaceCensus* census = nullptr);

/// L1 bytes of a config's buffers, as lower() lays them out.
uint32_t l1_bytes(const GroupShape& shape, const Context& context, const Config& c);

/// L2 bytes of a config's streamed weight chunks.
uint32_t l2_bytes(const GroupShape& shape, const Context& context, const Config& c);

/// The fixed heuristic: the largest fitting double-buffered tile and the classic 4x2 kernel.
/// nullopt: not even the smallest tile fits.
std::optional<Config> rule_config(const SearchSpace& space);

/// The config of the space whose values lie nearest to those of `c`, which may stem from another shape.
Config fit_config(const SearchSpace& space, const Config& c);

}  // namespace ares
