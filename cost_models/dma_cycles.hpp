// Cycles of copies between memories. See DmaParams: a command costs its issuing core `setup`, occupies its direction's
// channel for `occupancy`, and its last byte has arrived `tail` after the channel is done with it.
#pragma once

#include <algorithm>

#include "core/target/target.hpp"
#include "core/tile/walker.hpp"

namespace ares {

/// One copy: `commands` equal commands, each with these cycles.
struct CopyCost {
  int32_t commands = 0;
  double issue = 0;      ///< of the issuing core, before the first command
  double setup = 0;      ///< of that core, per command
  double occupancy = 0;  ///< of the channel, per command
  double tail = 0;       ///< from the channel's last beat to completion
};

/// A copy between L2 and L1.
CopyCost dma_cost(const DmaShape& shape, bool into_l1, double issue, const DmaParams& dma);

/// A copy between L3 and L2. One transfer is outstanding at a time, so its latency occupies the channel, too.
CopyCost l3_cost(const DmaShape& shape, bool from_l3, const L3Params& l3);

/// What the core takes before the first command of a copy between L2 and L1.
double issue_cycles(const TileProgram& program, OperationId copy, const DmaParams& dma);

/// The copy's cost, by its levels; `shape`: of one of its instances.
CopyCost copy_cost(const TileProgram& program, OperationId copy, const DmaShape& shape, const Target& target);

/// Before a group's first step, where nothing has begun before: its function, and its state on the way to L1.
double start_cycles(const TileProgram& program, const Target& target);

/// A queue of transfers that are served one after the other.
struct Channel {
  double free = 0;  ///< when the last of them leaves the channel
  double busy = 0;  ///< cycles spent on transfers so far

  /// Queues a copy whose first command is set up from `now` on; returns when it completes. Commands are set up one
  /// after the other while earlier ones already move: with n equal ones, all is through at the latest of (the queue,
  /// the first set-up) + n occupancies and n set-ups + 1 occupancy.
  double queue(const CopyCost& c, double now) {
    const double first = now + c.issue + c.setup, last = now + c.issue + c.setup * c.commands;
    const double all = c.occupancy * c.commands;
    free = std::max((free > first ? free : first) + all, last + c.occupancy);
    busy += all;
    return free + c.tail;
  }
};

}  // namespace ares
