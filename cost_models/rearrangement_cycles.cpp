// Rearrangements, by their axes alone: the kernel asks its jumps, which are the same where the input tile has more than
// one channel and steps are 1.
#include "cost_models/kernel_cycles.hpp"

namespace ares {
namespace {

constexpr double call = 350;  ///< measured (GVSOC), beside call_overhead()
/// Counted: plain C, per pixel, and per byte beside its load and that of the table.
constexpr double pixel_start = 30, byte_in_c = 7;
/// Counted: per run (a pixel whose bytes follow each other in the input, too), and per byte, two words at a time;
/// through a table beside the load.
constexpr double run_start = 40, run_byte = 0.5, mapped_byte = 2;
/// Per four pixels; per byte 18 instructions for 4 x 4, with the conflicts that GVSOC shows.
constexpr double turned_start = 50, turned_byte = 1.4;
constexpr int32_t turned_pixels = 4;

}  // namespace

KernelFormula::Moves KernelFormula::moves_of(const Kernel& k) {
  constexpr size_t rows = 0, columns = 1, channels = 2;
  const auto source = [&](size_t axis) -> size_t { return k.source_axes >> (2 * axis) & 3; };
  const auto backwards = [&](size_t axis) { return k.source_axes >> 6 == static_cast<int>(axis) + 1; };
  if (k.rows.scale != 1 || k.columns.scale != 1 || k.channels.scale != 1) return Moves::bytes;
  if (source(channels) == channels) {
    if (backwards(channels)) return Moves::bytes;
    return source(columns) == columns && !backwards(columns) ? Moves::one_run : Moves::runs;
  }
  return k.weights != none || backwards(source(rows) == channels ? rows : columns) ? Moves::bytes : Moves::turned;
}

/// Per byte.
double KernelFormula::moved_element() const {
  if (moves_ == Moves::turned) return turned_byte;
  if (moves_ == Moves::bytes) return load_ + byte_in_c + (mapped_ ? load_ : 0);
  return mapped_ ? load_ + mapped_byte : run_byte;
}

double KernelFormula::rearrangement(const Share& p, const Share& c) const {
  const double bytes = c.size * moved_element();
  switch (moves_) {
    case Moves::turned:
      return call + p.tiles * (turned_start + turned_pixels * bytes);
    case Moves::runs:
      return call + p.size * (run_start + bytes);
    case Moves::one_run:
      return call + p.size * bytes;
    case Moves::bytes:
      break;
  }
  return call + p.size * (pixel_start + bytes);
}

}  // namespace ares
