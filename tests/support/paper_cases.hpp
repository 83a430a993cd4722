// Tile programs built by hand: the five cases of core/README.md that the type was designed for, and groups whose cycles
// were measured on the simulated cluster but which lower() does not make.
#pragma once

#include <string>
#include <vector>

#include "core/lower/lower.hpp"
#include "core/target/target.hpp"
#include "core/tile/program.hpp"

namespace ares::test {

/// gap9 with what hand-written programs cost its orchestrator, as they were measured: a transfer's set-up is the
/// engine's instructions, a kernel's entry its own prologue; no group state, no walk.
inline Target hand_written_gap9() {
  Target t = *load_target("gap9");
  t.cores.kernel_entry = 45;
  t.cores.group_start = t.dma.issue = t.dma.wait = 0;
  t.dma.issue_known = 0;
  t.dma.setup_1d = 7;
  t.dma.setup_2d = 9;
  return t;
}

/// Builds a program operation by operation; L1 and L2 offsets follow each other.
class ProgramBuilder {
 public:
  BufferId buffer(uint32_t bytes, uint8_t copies = 1);
  BufferId carried(uint32_t bytes);
  BufferId per_core(uint32_t bytes);
  LoopId loop(Knob knob, int32_t extent, int32_t tile, LoopId parent = none);
  OperationId load(uint8_t depth, Operand operand, BufferId buffer, const Region& region);
  OperationId store(uint8_t depth, BufferId buffer, const Region& region);
  OperationId kernel(uint8_t depth, const Kernel& k);
  OperationId job(uint8_t depth, const Job& j);
  OperationId wait(uint8_t depth, OperationId operation);
  /// The operation that the next call adds after `ahead` further ones.
  OperationId upcoming(int ahead = 0) const {
    return static_cast<OperationId>(p_.operations.size() + static_cast<size_t>(ahead));
  }
  TileProgram done() const { return p_; }

 private:
  BufferId add(uint32_t bytes, uint8_t copies, bool per_core, bool carried);
  TileOperation& add(uint8_t depth, Phase phase);

  TileProgram p_;
};

/// `n` units, all of them, and in steps of a loop.
Extent all(int32_t n);
Extent by(LoopId loop, int16_t scale = 1, int16_t halo = 1);

/// A region over three dimensions, the last in bytes.
Region region(RegionDim d0, RegionDim d1, RegionDim d2, int32_t pitch0, int32_t pitch1);

// The five cases of core/README.md.
TileProgram conv_with_fused_pool();
TileProgram attention_with_running_maximum();
TileProgram scan_with_carried_state();
TileProgram strided_jobs_with_cluster_requantisation();
TileProgram linear_streamed_from_l3();

struct PaperCase {
  std::string name;
  TileProgram program;
};
std::vector<PaperCase> paper_cases();

// Groups with measured cycles: from L2 to L2, tiles double-buffered.
TileProgram depthwise_planar();         ///< 3x3, 64 channels, 32x32, CHW in and out, tiles of 8 channels
TileProgram depthwise_planar_to_hwc();  ///< the same with HWC output, tiles of 4 rows
TileProgram ne16_conv(JobKind kind);    ///< 64 -> 64, 32x32, tiles of 6 rows
TileProgram attention_fused();          ///< 196 tokens, 2 heads of 64, one head at a time

/// One transfer from L2 to L1 (or back) and nothing else: `rows` rows of `row_bytes`, `stride` bytes apart in L2.
TileProgram single_copy(bool into_l1, int32_t rows, int32_t row_bytes, int32_t stride, int times = 1);
TileProgram copies_both_ways(int32_t bytes);
TileProgram single_job(const Job& job, int32_t rows, int32_t columns, int32_t channels, int32_t reduction);

}  // namespace ares::test
