// The knobs that families share: tile sizes worth trying, kernels, the accelerator.
#include <algorithm>
#include <boost/container/static_vector.hpp>

#include "core/lower/family.hpp"

namespace ares {

void add_tile_knob(SearchSpace& space, Knob knob, int32_t extent, int32_t quantum) {
  constexpr int32_t all_multiples_up_to = 64, tile_counts = 24, largest = 65535;
  boost::container::static_vector<int32_t, 128> values;
  const auto add = [&](int32_t tile) {
    if (tile >= 1 && tile <= std::min(extent, largest)) values.push_back(tile);
  };
  const auto rounded = [&](int32_t n) { return (n + quantum - 1) / quantum * quantum; };
  if (extent / quantum <= all_multiples_up_to) {
    for (int32_t t = quantum; t < extent; t += quantum) add(t);
  } else {
    for (int32_t n = 2; n <= tile_counts; ++n) add(rounded(trips(extent, n)));
    for (int32_t t = quantum; t < extent; t *= 2) add(t);
  }
  add(extent);
  if (values.empty()) add(largest);
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  KnobRange range{knob, {}};
  const size_t skip = values.size() > range.values.capacity() ? values.size() - range.values.capacity() : 0;
  range.values.assign(values.begin() + static_cast<long>(skip), values.end());
  space.knobs.push_back(range);
}

void add_kernel_knob(SearchSpace& space, std::initializer_list<uint16_t> values) {
  add_knob(space, Knob::kernel, values);
  if (!space.context.accelerator || space.shape.accelerator.weight_bits == 0) return;
  space.knobs.back().values.push_back(accelerator_kernel);
}

void add_knob(SearchSpace& space, Knob knob, std::initializer_list<uint16_t> values) {
  space.knobs.push_back({knob, {values.begin(), values.end()}});
}

}  // namespace ares
