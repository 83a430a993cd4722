// What a job of the accelerator computes on the tiles in L1: the meaning that the hardware, and the C that stands for
// it on other platforms, must match byte for byte.
#pragma once

#include <cstdint>
#include <vector>

#include "core/tile/walker.hpp"

namespace ares {

/// One job with everything resolved. Tiles as KernelCall has them; weights and parameters as the accelerator reads them
/// (core/lower/pack.hpp).
struct JobCall {
  const Job* job = nullptr;
  uint8_t pad_value = 0;
  int32_t weight_offset = 0;  ///< added to each stored weight
  int shift = 0;
  uint8_t* in = nullptr;
  const uint8_t *weights = nullptr, *params = nullptr;
  int32_t rows = 0, columns = 0, channels = 0, reduction = 0;
  Box input_box;
  int32_t held_columns = 0;  ///< of the input tile, from row to row
  int32_t in_pixel = 0;      ///< channels of a pixel of the input tile
};

/// The job's outputs, rows x columns x channels. Writes padding into the input tile first where the job says so.
std::vector<uint8_t> run_job(const JobCall& call);

}  // namespace ares
