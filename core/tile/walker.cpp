#include "core/tile/walker.hpp"

#include <algorithm>

namespace ares {

Box resolve(const Region& region, const Position& position) {
  Box box;
  for (size_t i = 0; i < 3; ++i) {
    const RegionDim& d = region.dims[i];
    const int32_t first = d.units.loop == none ? 0 : position[static_cast<size_t>(d.units.loop)].begin;
    const int32_t from = first * d.units.scale + d.offset;
    const int32_t to = from + resolve(d.units, position);
    box.begin[i] = std::clamp(from, 0, d.extent);
    const int32_t end = std::clamp(to, box.begin[i], d.extent);
    box.size[i] = end - box.begin[i];
    box.pad_before[i] = std::max(0, std::min(to, 0) - from);
    box.pad_after[i] = std::max(0, to - std::max(from, d.extent));
  }
  return box;
}

DmaShape dma_shape(const Region& region, const Box& box) {
  if (box.empty()) return {};
  const int64_t rows = box.size[0], columns = box.size[1], bytes = box.size[2];
  const bool padded = !region.compact && box.pad_before[1] + box.pad_after[1] > 0;
  const bool columns_merge = columns == 1 || bytes == region.pitch[1];
  if (columns_merge) {
    const int64_t row_bytes = columns * bytes;
    const bool rows_merge = rows == 1 || (row_bytes == region.pitch[0] && !padded);
    if (rows_merge) return {1, 1, rows * row_bytes};
    if (padded) return {static_cast<int32_t>(rows), 1, row_bytes};
    return {1, static_cast<int32_t>(rows), row_bytes};
  }
  const bool one_stride = rows == 1 || (columns * region.pitch[1] == region.pitch[0] && !padded);
  if (one_stride) return {1, static_cast<int32_t>(rows * columns), bytes};
  return {static_cast<int32_t>(rows), static_cast<int32_t>(columns), bytes};
}

int64_t far_offset(const TileProgram& program, const Copy& copy, const Position& position) {
  const auto offset_of = [&](const Region& r) {
    const Box box = resolve(r, position);
    return int64_t{box.begin[0]} * r.pitch[0] + int64_t{box.begin[1]} * r.pitch[1] + box.begin[2];
  };
  const int64_t offset = offset_of(copy.region);
  if (copy.staged_in == none) return offset;
  for (const TileOperation& op : program.operations) {
    const auto* source = std::get_if<Copy>(&op.what);
    if (source && source->buffer == copy.staged_in) return offset - offset_of(source->region);
  }
  return offset;
}

}  // namespace ares
