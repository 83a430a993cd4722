// Names of the enumerators that stand in signatures, and the way back. Signatures outlive the program, so a name, once
// used, stays.
#pragma once

#include <optional>
#include <string_view>

#include "core/arithmetic/requant.hpp"
#include "core/group/group.hpp"

namespace ares::kb {

// An empty name: no such enumerator (damaged bytes). The switches have no default, so that the compiler asks for the
// name of a new enumerator.

constexpr std::string_view name(Family f) {
  switch (f) {
    case Family::conv:
      return "conv";
    case Family::linear:
      return "linear";
    case Family::max_pool:
      return "max_pool";
    case Family::table:
      return "table";
    case Family::average_pool:
      return "average_pool";
    case Family::depthwise:
      return "depthwise";
    case Family::add:
      return "add";
    case Family::multiply:
      return "multiply";
    case Family::rearrange:
      return "rearrange";
    case Family::curve:
      return "curve";
    case Family::norm:
      return "norm";
    case Family::softmax:
      return "softmax";
    case Family::matmul:
      return "matmul";
    case Family::scan:
      return "scan";
    case Family::transform:
      return "transform";
    case Family::rotary:
      return "rotary";
    case Family::lookup:
      return "lookup";
  }
  return {};
}

constexpr std::string_view name(RequantForm f) {
  switch (f) {
    case RequantForm::narrow:
      return "narrow";
    case RequantForm::wide:
      return "wide";
    case RequantForm::raw:
      return "raw";
  }
  return {};
}

constexpr std::string_view name(Rounding r) {
  switch (r) {
    case Rounding::half_up:
      return "half_up";
    case Rounding::half_even:
      return "half_even";
  }
  return {};
}

constexpr std::string_view name(RequantPolicy p) {
  switch (p) {
    case RequantPolicy::fast:
      return "fast";
    case RequantPolicy::exact:
      return "exact";
  }
  return {};
}

constexpr std::string_view name(ElementType t) {
  switch (t) {
    case ElementType::u8:
      return "u8";
    case ElementType::s16:
      return "s16";
    case ElementType::s32:
      return "s32";
  }
  return {};
}

constexpr std::string_view name(Level l) {
  switch (l) {
    case Level::l1:
      return "l1";
    case Level::l2:
      return "l2";
    case Level::l3:
      return "l3";
  }
  return {};
}

/// The enumerator of that name.
template <class E>
constexpr std::optional<E> from_name(std::string_view text) {
  for (int i = 0; i < 256 && !text.empty(); ++i) {
    if (name(static_cast<E>(i)) == text) return static_cast<E>(i);
  }
  return std::nullopt;
}

}  // namespace ares::kb
