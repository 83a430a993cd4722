#include "core/compare/compare.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <map>

#include "core/ir/graph.hpp"

namespace ares {
namespace {

Difference difference(std::span<const int32_t> here, std::span<const int32_t> there) {
  Difference d;
  for (std::size_t i = 0; i < here.size(); ++i) {
    const int64_t step = std::abs(int64_t{here[i]} - there[i]);
    if (step == 0) continue;
    if (d.differing++ == 0) d = {1, 0, i, here[i], there[i]};
    d.largest = std::max(d.largest, step);
  }
  return d;
}

/// A record that cannot be of this network is an error, not a difference.
Result<void> check_fits(const Tensor& t, const RecordedTensor& r) {
  const auto wrong = [&](const std::string& what) {
    return fail(fmt::format("tensor '{}': {}; the record is of another model or export", t.name, what));
  };
  if (t.dims.count() != static_cast<int64_t>(r.integers.size()))
    return wrong(fmt::format("{} elements here, {} recorded", t.dims.count(), r.integers.size()));
  if (static_cast<float>(t.q.scale) != static_cast<float>(r.scale))
    return wrong(fmt::format("scale {} here, {} recorded", t.q.scale, r.scale));
  const int shift = t.type == ElementType::u8 && t.q.is_signed ? 128 : 0;
  if (t.q.zero_point - shift != r.zero_point)
    return wrong(fmt::format("zero point {} here, {} recorded", t.q.zero_point - shift, r.zero_point));
  const auto [low, high] = std::minmax_element(r.integers.begin(), r.integers.end());
  if (*low + shift < t.q.lo || *high + shift > t.q.hi) {
    return wrong(fmt::format("values in {}..{} here, {}..{} recorded", t.q.lo - shift, t.q.hi - shift, *low, *high));
  }
  return {};
}

using Records = std::map<TensorId, const RecordedTensor*>;

Result<Records> match(const LayerGraph& g, const Record& record, std::vector<std::string>& absent) {
  std::map<std::string, TensorId> ids;
  for (std::size_t t = 0; t < g.tensors.size(); ++t) ids.emplace(g.tensors[t].name, static_cast<TensorId>(t));
  Records records;
  for (const RecordedTensor& r : record.tensors) {
    const auto id = ids.find(r.name);
    if (id == ids.end()) {
      absent.push_back(r.name);
      continue;
    }
    if (auto ok = check_fits(g.tensors[static_cast<std::size_t>(id->second)], r); !ok)
      return tl::unexpected(ok.error());
    records[id->second] = &r;
  }
  if (records.empty()) return fail("no recorded tensor has the name of a tensor of the network");
  return records;
}

/// The tensors with a record, in execution order, with what computes them.
std::vector<std::pair<TensorId, const Layer*>> recorded_order(const LayerGraph& g, const Records& records) {
  std::vector<std::pair<TensorId, const Layer*>> order;
  for (const NetworkInput& in : g.inputs) order.emplace_back(in.tensor, nullptr);
  for (const LayerId id : execution_order(g)) order.emplace_back(g.dag[id].output, &g.dag[id]);
  std::erase_if(order, [&](const auto& entry) { return !records.count(entry.first); });
  return order;
}

/// run() with every tensor replaced by its record once it is compared.
std::map<TensorId, Difference> each_alone(const LayerGraph& g, std::span<const TensorData> inputs,
                                          const Records& records) {
  std::vector<TensorData> data(g.tensors.size());
  std::map<TensorId, Difference> differences;
  const auto take = [&](TensorId id) {
    const auto record = records.find(id);
    if (record == records.end()) return;
    const Tensor& t = g.tensors[static_cast<std::size_t>(id)];
    TensorData& values = data[static_cast<std::size_t>(id)];
    differences[id] = difference(model_integers(t, values), record->second->integers);
    values = stored_integers(t, record->second->integers);
  };
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    data[static_cast<std::size_t>(g.inputs[i].tensor)] = inputs[i];
    take(g.inputs[i].tensor);
  }
  for (const LayerId id : execution_order(g)) {
    run_layer(g, id, data);
    take(g.dag[id].output);
  }
  return differences;
}

constexpr int64_t kPerTensor = 200;  // one element in so many: 0.5 %
constexpr int64_t kOverAll = 1000;   // 0.1 %
constexpr int64_t kLargestStep = 1;

}  // namespace

Result<SampleComparison> compare(const LayerGraph& g, std::span<const TensorData> inputs, const Record& record) {
  SampleComparison result;
  const auto records = match(g, record, result.absent);
  if (!records) return tl::unexpected(records.error());
  const std::vector<TensorData> data = run(g, inputs);
  const auto alone = each_alone(g, inputs, *records);
  for (const auto& [id, layer] : recorded_order(g, *records)) {
    const Tensor& t = g.tensors[static_cast<std::size_t>(id)];
    TensorComparison c{t.name, "", "", records->at(id)->shape, t.dims.count(), {}, alone.at(id)};
    if (layer) {
      c.layer = layer->name;
      c.node = layer->model_node;
    }
    c.whole = difference(model_integers(t, data[static_cast<std::size_t>(id)]), records->at(id)->integers);
    result.tensors.push_back(std::move(c));
  }
  return result;
}

Verdict judge(const SampleComparison& comparison) {
  Verdict v;
  for (const TensorComparison& t : comparison.tensors) {
    v.elements += t.elements;
    v.differing += t.alone.differing;
    if (!v.first && t.whole.differing) v.first = &t;
    const bool good =
        t.alone.largest <= kLargestStep && (t.alone.differing <= 1 || t.alone.differing * kPerTensor <= t.elements);
    if (!v.first_bad && !good) v.first_bad = &t;
  }
  v.passes = !v.first_bad && v.differing * kOverAll <= v.elements;
  return v;
}

}  // namespace ares
