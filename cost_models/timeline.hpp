// The played schedule of a network as trace events, which Perfetto (ui.perfetto.dev) and chrome://tracing show.
#pragma once

#include <string>

#include "core/plan/network_program.hpp"
#include "core/target/target.hpp"

namespace ares {

/// A JSON object in the Trace Event Format: the event simulator's warm run as one process and, where constants are
/// loaded first, the first run as another; a thread each for groups, tiles, orchestrator, workers, accelerator, both
/// DMA directions and L3. A microsecond on its axis is a cycle. The arguments of an event name its tile by the tile
/// loops' positions: `row 0+14`.
std::string timeline_json(const NetworkProgram& network, const Target& target);

}  // namespace ares
