// What of a group changes while it runs: what its C keeps as state, and what is known before.
#pragma once

#include "core/tile/program.hpp"

namespace ares {

/// A copy to or from L1 that takes place at most once, of a tile whose place is its own: nothing of it depends on
/// loops.
bool happens_once(const TileProgram& program, OperationId index);

/// A job whose registers are known before: there is one tile, and all its parts have their places to themselves.
bool known_job(const TileProgram& program, OperationId index);

/// Room for the states of two groups that follow each other: ARES_STATE_BYTES of the ports with 32 bits.
inline constexpr uint32_t near_state_bytes = 3328;

/// Bytes of a group's state on a machine of 32 bits (the struct `walk` of its C file). Of 88 groups
/// of seven programs most are within 10 %; small kernels have fewer arguments than counted, at most 256 bytes.
uint32_t state_bytes(const TileProgram& program);

}  // namespace ares
