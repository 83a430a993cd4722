// The interpreter runs a tile program on real data, step by step as the walker gives them, with L1 as a byte array. It
// is the proof that a schedule is right: a load's destination is poisoned when the copy is issued and filled only when
// it is waited for, a store leaves L1 as late as allowed, so a missing wait or a reused buffer shows as a wrong byte.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "core/arithmetic/requant.hpp"
#include "core/base/result.hpp"
#include "core/tile/program.hpp"

namespace ares {

/// A group's operands as its program addresses them: see core/lower/pack.hpp for weights and params.
struct OperandData {
  std::span<const uint8_t> input, weights, params;
  std::span<uint8_t> output;
  uint8_t pad_value = 0;             ///< the input's zero point; 0 for max pooling; a rearrangement's fill
  const Requant* requant = nullptr;  ///< shift, pre_shift and clip range; m and B come from params
  std::span<const uint8_t> input2 = {}, input3 = {};
  int32_t job_weight_offset = 0;                             ///< core/group/accelerator.hpp
  std::span<const uint8_t> tails = {};                       ///< constants of fused layers behind the first
  std::array<const Requant*, max_tails> tail_requants = {};  ///< of these layers
  int32_t tail_job_weight_offset = 0;
};

/// Fails where a copy or a kernel leaves its buffer or operand: operation, box and bytes.
Result<void> interpret(const TileProgram& program, const OperandData& data);

}  // namespace ares
