// Target description: the constants of one chip, from a JSON file in which each constant names its source.
//
// core/target/gap9.json and siracusa.json ship with the project; `--target my_chip.json` loads a user's own. A file may
// name a "base" (gap9 or siracusa) and give only what differs.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.hpp"

namespace ares {

/// Cluster cores. Instruction costs in cycles.
struct CoreParams {
  int count = 8;          ///< workers; one more core orchestrates
  double fork_join = 58;  ///< team fork and join, warm
  double barrier = 10;
  double kernel_entry = 45;     ///< from a kernel's entry to its inner loop, once per call
  double group_start = 0;       ///< once per group: its function, first instructions out of L2; 0: it keeps no state
  double l1_latency = 1;        ///< L1 load
  double contention = 1.035;    ///< factor on kernel cycles: bank conflicts among all cores
  double mulh = 4;              ///< 32x32 high multiply
  double requant_narrow = 4.3;  ///< instructions per output: multiply, add-shift, clip, pack, store, loads of m and B
  double requant_wide = 5.3;    ///< the same with the pre-shift, its multiply counted apart as mulh
  double half_even = 3;         ///< further instructions per output: mask, test, clear
};

/// DMA between L2 and L1. A transfer takes setup (of the issuing core) + latency + beats + fill and occupies its
/// direction's channel for its beats; the two directions run side by side.
struct DmaParams {
  double issue = 0;                   ///< cycles of the issuing core per copy, beside those of its commands
  double issue_known = 0;             ///< the same of a copy that happens once (core/tile/state.hpp)
  double wait = 0;                    ///< cycles of that core per wait, beside the time until the copy is complete
  double setup_1d = 7, setup_2d = 9;  ///< cycles of the issuing core per command
  double latency = 9;                 ///< from the command to the first beat
  double fill = 3;                ///< at most; min(beats - 1, fill) further cycles until the first beats are through
  double bytes_per_cycle_in = 8;  ///< L2 to L1
  double bytes_per_cycle_out = 7.757;  ///< L1 to L2
  double unaligned_row = 0.27;         ///< beats lost per row whose length is no multiple of a beat
  int max_bytes = 131071;              ///< of one command
};

/// Off-chip memory; one transfer at a time, beside everything else.
struct L3Params {
  double setup = 20;  ///< cycles of the issuing core
  double latency = 130;
  double bytes_per_cycle_read = 1;
  double bytes_per_cycle_write = 0.79;
};

enum class AcceleratorKind : uint8_t { none, ne16, neureka };

/// Convolution engine beside the cluster; cost_models has the formulas of its state machine.
struct AcceleratorParams {
  AcceleratorKind kind = AcceleratorKind::none;
  double program_job = 285;  ///< cycles of the core that writes a job's registers and triggers it
};

struct Target {
  std::string name;
  std::string description;
  uint32_t l1_bytes = 0, l2_bytes = 0;
  uint64_t l3_bytes = 0;
  uint32_t l2_reserved = 0;        ///< bytes of L2 for code, stacks and the runtime
  uint32_t l1_reserved = 0;        ///< bytes of L1 for the orchestrator's stack and variables
  uint32_t default_stack = 0x400;  ///< bytes per worker, in L1
  double clock_hz = 0;
  CoreParams cores;
  DmaParams dma;
  L3Params l3;
  AcceleratorParams accelerator;
  uint64_t hash = 0;  ///< over every constant: part of a result's environment
};

/// `name_or_file`: a name that ships with the project or the path of a JSON file.
Result<Target> load_target(const std::string& name_or_file);

/// Names of the targets that ship with the project.
std::vector<std::string> known_targets();

/// Recomputes `hash` after constants were changed in memory.
void rehash(Target& target);

}  // namespace ares
