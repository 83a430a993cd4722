// Versions that a remembered result depends on, beside its target: part of the environment that the knowledge base
// keeps with it. Raise one when a change matters to timing or to results; older entries then no longer apply.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/group/group.hpp"

namespace ares {

/// Of the kernels of a family, their cost formulas and what lower() makes of a config.
constexpr uint32_t kernel_version(Family f) {
  switch (f) {
    case Family::conv:
      return 4;
    case Family::linear:
      return 4;
    case Family::max_pool:
      return 2;
    case Family::table:
      return 3;
    case Family::average_pool:
      return 3;
    case Family::depthwise:
      return 4;
    case Family::add:
      return 2;
    case Family::multiply:
      return 1;
    case Family::rearrange:
      return 3;
    case Family::curve:
      return 2;
    case Family::norm:
      return 4;
    case Family::softmax:
      return 2;
    case Family::matmul:
      return 2;
    case Family::scan:
      return 2;
    case Family::transform:
      return 1;
    case Family::rotary:
      return 1;
    case Family::lookup:
      return 1;
  }
  return 0;
}

/// Of the integer arithmetic: which numbers come out.
inline constexpr uint32_t arithmetic_version = 2;

/// Of the event simulator: version and properties.
inline constexpr std::string_view event_simulator_version = "event-7";

}  // namespace ares
