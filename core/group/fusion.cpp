#include "core/group/fusion.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/algorithm/string.hpp>
#include <charconv>

#include "core/ir/graph.hpp"

namespace ares {
namespace {

const Tensor& tensor(const LayerGraph& graph, TensorId id) { return graph.tensors[static_cast<size_t>(id)]; }

bool is_output(const LayerGraph& graph, TensorId id) {
  return std::any_of(graph.outputs.begin(), graph.outputs.end(),
                     [&](const NetworkOutput& o) { return o.tensor == id; });
}

bool is_dense_output(const GroupShape& s) {
  return s.family != Family::rearrange && s.family != Family::scan && s.family != Family::norm &&
         s.family != Family::softmax;
}

bool is_unpadded(const Window& w) { return !is_padded(w) && w.dh == 1 && w.dw == 1; }

/// What a tile of the group holds where it ends in rows, columns and channels of a window.
bool is_windowed(const GroupShape& s) { return s.family == Family::conv || s.family == Family::depthwise; }

/// The layer of group `next` may work on a tile of a product of activations: softmax of the product's rows, then the
/// product of that with a second tensor of as many heads.
bool accepts_attention(const GroupShape& s, const Group& next, ElementType between) {
  const GroupShape& n = next.shape;
  if (between != ElementType::u8) return false;
  if (s.tail_count == 0)
    return n.family == Family::softmax && n.out_type == ElementType::u8 && n.in.c * s.heads == s.out.c &&
           n.in.count() == s.out.count();
  return n.family == Family::matmul && s.tails[0].family == Family::softmax && !n.transposed && n.heads == s.heads &&
         n.in == s.last_out() && next.inputs[0] != next.inputs[1];
}

/// The layer of group `next` may work on the tiles of `first`, which already may have tails.
bool accepts(const LayerGraph& graph, const Group& first, const Group& next) {
  const GroupShape& s = first.shape;
  const GroupShape& n = next.shape;
  if (s.tail_count == max_tails || s.weighted_tail()) return false;
  const ElementType between = tensor(graph, first.output).type;
  if (s.family == Family::matmul) return accepts_attention(s, next, between) && next.inputs[0] == first.output;
  if (!is_dense_output(s)) return false;
  const bool added = s.tail_count > 0 && s.tails[0].family == Family::add;
  if (added && (n.family == Family::add || has_weights(n.family))) return false;  // more than a tile program holds
  switch (n.family) {
    case Family::table:
      return between == ElementType::u8;
    case Family::add: {
      const bool pair = next.inputs.size() == 2 && next.inputs[0] != next.inputs[1];
      const bool one_operand = !is_elementwise(s.family) || first.inputs.size() < 3;
      return pair && one_operand && between != ElementType::s32 &&
             tensor(graph, next.inputs[0]).dims.count() == tensor(graph, next.inputs[1]).dims.count();
    }
    case Family::max_pool:
    case Family::average_pool:
      return is_windowed(s) && is_unpadded(n.window) &&
             (between == ElementType::u8 || (n.family == Family::average_pool && between == ElementType::s16));
    case Family::conv: {
      const Window pointwise;
      return is_windowed(s) && n.window == pointwise && between == ElementType::u8 && n.in == s.last_out();
    }
    case Family::linear:
      return s.family == Family::linear && between == ElementType::u8 && n.in == s.last_out();
    default:
      return false;
  }
}

Tail tail_of(const Group& first, const Group& next) {
  const GroupShape& n = next.shape;
  Tail t;
  t.family = n.family;
  const bool elementwise = n.family == Family::table || n.family == Family::add || n.family == Family::softmax;
  t.in = elementwise ? first.shape.last_out() : n.in;
  t.out = elementwise ? first.shape.last_out() : n.out;
  t.window = n.window;
  t.weight_bits = n.weight_bits;
  t.form = n.form;
  t.rounding = n.rounding;
  t.in_type = n.in_type;
  t.in2_type = n.in2_type;
  t.out_type = n.out_type;
  t.accelerator = n.accelerator;
  if (n.family == Family::add && next.inputs[1] == first.output) std::swap(t.in_type, t.in2_type);
  return t;
}

/// `first` with the layer of `next` behind it.
Group joined(Group first, const Group& next) {
  const Tail tail = tail_of(first, next);
  first.name += "+" + next.name;
  first.layers.push_back(next.layers.front());
  if (next.shape.family == Family::add || next.shape.family == Family::matmul)
    first.inputs.push_back(next.inputs[0] == first.output ? next.inputs[1] : next.inputs[0]);
  first.output = next.output;
  first.completes_output = next.completes_output;
  first.shape.tails[first.shape.tail_count++] = tail;
  return first;
}

/// Groups that read each tensor; a network output counts as one more.
std::vector<int> readers(const LayerGraph& graph, const std::vector<Group>& groups) {
  std::vector<int> count(graph.tensors.size());
  for (const Group& g : groups)
    for (const TensorId in : g.inputs) ++count[static_cast<size_t>(in)];
  for (size_t t = 0; t < count.size(); ++t) count[t] += is_output(graph, static_cast<TensorId>(t));
  return count;
}

/// The group in front of `position` that takes its layer over, the latest of several; nothing: there is none.
std::optional<size_t> taker(const LayerGraph& graph, const std::vector<Group>& groups, const std::vector<bool>& gone,
                            const std::vector<int>& read, size_t position, const Group& next) {
  for (size_t p = position; p-- > 0;) {
    const Group& g = groups[p];
    if (gone[p] || !g.completes_output || read[static_cast<size_t>(g.output)] != 1) continue;
    const bool feeds = std::find(next.inputs.begin(), next.inputs.end(), g.output) != next.inputs.end();
    if (feeds && accepts(graph, g, next)) return p;
  }
  return std::nullopt;
}

}  // namespace

Partition fusable(const LayerGraph& graph, const std::vector<Group>& groups) {
  const std::vector<int> read = readers(graph, groups);
  std::vector<Group> chained = groups;  // each with all in front of it that it can go on from
  const std::vector<bool> none_gone(groups.size());
  Partition all;
  for (size_t g = 0; g < groups.size(); ++g) {
    const auto alone = taker(graph, groups, none_gone, read, g, groups[g]);
    const auto behind = taker(graph, chained, none_gone, read, g, groups[g]);
    if (behind || alone) all.push_back(static_cast<int>(g));
    if (behind) chained[g] = joined(chained[*behind], groups[g]);
  }
  return all;
}

Result<std::vector<Group>> fuse(const LayerGraph& graph, const std::vector<Group>& groups, const Partition& partition) {
  if (partition.empty()) return groups;
  const std::vector<int> read = readers(graph, groups);
  std::vector<Group> fused = groups;
  std::vector<bool> gone(groups.size());
  for (const int position : partition) {
    if (position < 0 || position >= static_cast<int>(groups.size()))
      return fail(fmt::format("fused group {}: the network has {} groups", position, groups.size()));
    const auto at = static_cast<size_t>(position);
    const auto before = taker(graph, fused, gone, read, at, groups[at]);
    if (!before) return fail(fmt::format("group {}: it cannot be fused with the one before it", groups[at].name));
    fused[at] = joined(std::move(fused[*before]), groups[at]);
    gone[*before] = true;
  }
  std::vector<Group> left;
  for (size_t g = 0; g < fused.size(); ++g)
    if (!gone[g]) left.push_back(std::move(fused[g]));
  return left;
}

std::string to_string(const Partition& partition) {
  return partition.empty() ? "" : fmt::format("fused {}", fmt::join(partition, ","));
}

std::optional<Partition> parse_partition(std::string_view text) {
  Partition all;
  if (text.empty()) return all;
  constexpr std::string_view begin = "fused ";
  if (!text.starts_with(begin)) return std::nullopt;
  std::vector<std::string> parts;
  boost::split(parts, std::string(text.substr(begin.size())), boost::is_any_of(","));
  for (const std::string& part : parts) {
    int value = 0;
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), value);
    if (error != std::errc() || end != part.data() + part.size()) return std::nullopt;
    all.push_back(value);
  }
  return all;
}

}  // namespace ares
