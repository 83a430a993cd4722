#include "core/reference/operations.hpp"

namespace ares::reference {
namespace {

/// The stored value at a position of the input, or the piece's fill outside of it.
uint8_t read(const Piece& piece, const Dims& in, std::span<const uint8_t> x, const std::array<int32_t, 3>& at) {
  const bool inside = at[0] >= 0 && at[0] < in.h && at[1] >= 0 && at[1] < in.w && at[2] >= 0 && at[2] < in.c;
  if (!inside) return piece.fill;
  return x[(static_cast<std::size_t>(at[0]) * static_cast<std::size_t>(in.w) + static_cast<std::size_t>(at[1])) *
               static_cast<std::size_t>(in.c) +
           static_cast<std::size_t>(at[2])];
}

}  // namespace

void move_piece(const Piece& piece, const Dims& in, std::span<const uint8_t> x, const Dims& out, std::span<uint8_t> y) {
  const auto& [rows, columns, channels] = piece.movement.axes;
  const auto& source = piece.movement.source;
  std::array<int32_t, 3> from{};
  for (int32_t r = 0; r < rows.count * rows.repeat; ++r) {
    from[source[0]] = rows.first + r / rows.repeat * rows.step;
    for (int32_t w = 0; w < columns.count * columns.repeat; ++w) {
      from[source[1]] = columns.first + w / columns.repeat * columns.step;
      for (int32_t c = 0; c < channels.count * channels.repeat; ++c) {
        from[source[2]] = channels.first + c / channels.repeat * channels.step;
        const uint8_t v = read(piece, in, x, from);
        const int64_t at = (int64_t{rows.to + r} * out.w + columns.to + w) * out.c + channels.to + c;
        y[static_cast<std::size_t>(at)] = piece.map.empty() ? v : piece.map[v];
      }
    }
  }
}

}  // namespace ares::reference
