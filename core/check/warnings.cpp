#include "core/check/warnings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "core/check/advice.hpp"

namespace ares {
namespace {

/// Channels of the cluster's register tiles and of a 32-bit word.
constexpr int32_t kWord = 4;

/// Of the network's cycles: below that a channel count is not worth a word. And by how much a multiply-accumulate has
/// to become cheaper.
constexpr double kLeastShare = 0.02, kLeastGain = 0.1;

/// Of the network's cycles: what the wide form has to cost.
constexpr double kLeastCost = 0.005;

/// The network, as warnings look at it.
struct Review {
  ModelCheck& check;
  const Deployment& deployment;
  const Target& target;
  const GroupCostFunction& cost;

  const Layer& layer(const CheckedGroup& g) const { return check.layers.dag[g.group.layers.front()]; }
  const Tensor& tensor(TensorId id) const { return check.layers.tensors[static_cast<size_t>(id)]; }
  double share(double cycles) const { return deployment.cycles > 0 ? cycles / deployment.cycles : 0; }
  bool given_out(TensorId id) const {
    const auto& outs = check.layers.outputs;
    return std::any_of(outs.begin(), outs.end(), [&](const NetworkOutput& o) { return o.tensor == id; });
  }

  void add(const CheckedGroup& g, const char* cause, std::string what, std::string change) const {
    const Layer& l = layer(g);
    check.findings.push_back({Severity::warning,
                              cause,
                              check.file,
                              l.model_node,
                              {},
                              tensor(l.output).name,
                              std::move(what),
                              fmt::format("{}: {}", module_name(l.model_node), change)});
  }
};

/// Bits of the largest sum that the layer's weights can reach on their input.
int sum_bits(const Review& r, const CheckedGroup& g, const Weighted& layer) {
  const Quantisation& q = r.tensor(g.group.inputs.front()).q;
  const int64_t most = std::max(q.hi - q.zero_point, q.zero_point - q.lo);
  const size_t taps = layer.weights.size() / layer.weight_scale.size();
  int64_t largest = 0;
  for (size_t c = 0; c < layer.weight_scale.size(); ++c) {
    const int64_t zero = layer.weight_zero.empty() ? 0 : layer.weight_zero[c];
    int64_t sum = 0;
    for (size_t i = c * taps; i < (c + 1) * taps; ++i) sum += std::abs(layer.weights[i] - zero) * most;
    largest = std::max(largest, sum);
  }
  return 1 + static_cast<int>(std::bit_width(static_cast<uint64_t>(largest)));
}

/// How far the scales of a layer's channels lie apart.
double scale_ratio(const Weighted& layer) {
  double least = HUGE_VAL, most = 0;
  for (const double s : layer.weight_scale) {
    if (s != 0) least = std::min(least, std::abs(s));
    most = std::max(most, std::abs(s));
  }
  return most / least;
}

void wide_form(const Review& r, const CheckedGroup& g) {
  const auto* layer = std::get_if<Weighted>(&r.layer(g).op);
  const bool asked = r.check.layers.policy == RequantPolicy::exact;  // there it is what exactness takes
  if (!layer || layer->requant.form != RequantForm::wide || asked) return;
  const CoreParams& c = r.target.cores;
  const double more = c.requant_wide + c.mulh - c.requant_narrow;
  const auto outputs = static_cast<double>(r.tensor(g.group.output).dims.count());
  if (r.share(outputs * more / g.context.cores) < kLeastCost) return;
  const double ratio = scale_ratio(*layer);
  r.add(g, "wide",
        fmt::format(
            "requantised in the wide form, {:.1f} more cycles an output: its sums reach {} bits and its channels' "
            "scales lie a factor {:.3g} apart, too much for a 32-bit product",
            more, sum_bits(r, g, *layer), ratio),
        ratio > 8 ? "one scale for all channels (scaling_per_output_channel=False), or batch normalisation with gains "
                    "closer together"
                  : "smaller sums: weight_bit_width=6, a quantiser of fewer bits before it, or fewer input channels");
}

void channel_zero_points(const Review& r, const CheckedGroup& g) {
  const auto* layer = std::get_if<Weighted>(&r.layer(g).op);
  if (!layer || layer->weight_zero.empty()) return;
  const auto [lo, hi] = std::minmax_element(layer->weight_zero.begin(), layer->weight_zero.end());
  if (*lo == *hi) return;
  r.add(g, "weight_zero_points",
        fmt::format("its weights' zero points differ from channel to channel ({} to {}): it runs on the cluster only, "
                    "and subtracts them there",
                    *lo, *hi),
        "symmetric weights: weight_quant=Int8WeightPerChannelFloat");
}

/// Layers that wait for their weights. They share one cause, L2, and so one finding, at the layer that waits longest.
void streamed_weights(const Review& r) {
  const CheckedGroup* longest = nullptr;
  int layers = 0;
  double cycles = 0;
  uint64_t bytes = 0;
  for (const CheckedGroup& g : r.deployment.groups) {
    if (g.context.weights != Level::l3 || !g.cost || g.cost->l3 < g.cost->cycles / 2) continue;
    if (!longest || g.cost->l3 > longest->cost->l3) longest = &g;
    ++layers;
    cycles += g.cost->cycles;
    bytes += g.group.shape.weights_size();
  }
  if (!longest) return;
  const GroupShape& s = longest->group.shape;
  r.add(*longest, "streamed",
        fmt::format(
            "weights that do not fit L2 stream from L3 and dominate {} layer{}, this one most with {} of {} bytes: "
            "{:.0f} % of the network's cycles",
            layers, layers == 1 ? "" : "s", s.weights_size(), bytes, 100 * r.share(cycles)),
        s.family == Family::linear ? "fewer in_features (a global average pool before it) or out_features"
                                   : "fewer channels, or a depthwise and a 1x1 convolution in its place");
}

/// The shape with the channels of its output (and, depthwise, of its input) filled up to whole words.
GroupShape filled(GroupShape s) {
  s.out.c = (s.out.c + kWord - 1) / kWord * kWord;
  if (s.family == Family::depthwise) s.in.c = s.out.c;
  return s;
}

/// Cycles per multiply-accumulate of a group, and of those that read it, as they are and filled up.
struct Rates {
  double cycles = 0, macs = 0, filled_cycles = 0, filled_macs = 0;
  void add(const Review& r, const CheckedGroup& g, const GroupShape& shape) {
    const auto other = r.cost(shape, g.context);
    if (!g.cost || !other) return;
    cycles += g.cost->cycles;
    macs += static_cast<double>(g.group.shape.macs());
    filled_cycles += other->cycles;
    filled_macs += static_cast<double>(shape.macs());
  }
  double gain() const { return macs > 0 ? 1 - filled_cycles / filled_macs / (cycles / macs) : 0; }
};

/// Channel counts that fill no whole words. The classes at the end are what they are.
void odd_channels(const Review& r, const CheckedGroup& g) {
  const GroupShape& s = g.group.shape;
  if (!has_weights(s.family) || s.out.c % kWord == 0 || !g.cost || r.given_out(g.group.output)) return;
  Rates rates;
  rates.add(r, g, filled(s));
  for (const CheckedGroup& reader : r.deployment.groups) {
    const auto& in = reader.group.inputs;
    if (!has_weights(reader.group.shape.family) || std::find(in.begin(), in.end(), g.group.output) == in.end())
      continue;
    GroupShape wider = reader.group.shape;
    if (wider.in.c != s.out.c || wider.family == Family::depthwise) continue;
    wider.in.c = filled(s).out.c;
    rates.add(r, reader, wider);
  }
  if (r.share(rates.cycles) < kLeastShare || rates.gain() < kLeastGain) return;
  const bool ne16 = r.target.accelerator.kind == AcceleratorKind::ne16;
  r.add(g, "channels",
        fmt::format(
            "{} output channels fill no whole words: with {} a multiply-accumulate of it and its readers is {:.0f} % "
            "cheaper",
            s.out.c, filled(s).out.c, 100 * rates.gain()),
        fmt::format("out_channels={} (a multiple of 4{})", filled(s).out.c, ne16 ? "; of 16 suits NE16, too" : ""));
}

bool transposes(const Movement& m) { return m.source != std::array<uint8_t, 3>{0, 1, 2}; }

/// A piece that reaches outside of its input.
bool pads(const Review& r, const Layer& l, const Rearrange& op, const Piece& p) {
  const Dims in = seen_by(op, r.tensor(l.inputs[static_cast<size_t>(p.input)]).dims);
  const std::array<int32_t, 3> extents{in.h, in.w, in.c};
  for (size_t a = 0; a < 3; ++a) {
    const MovedAxis& m = p.movement.axes[a];
    if (m.first < 0 || m.first + (m.count - 1) * m.step >= extents[p.movement.source[a]]) return true;
  }
  return false;
}

/// Data movements that another layout avoids. One finding for each layer, whatever its pieces.
void movements(const Review& r, const CheckedGroup& g) {
  const Layer& l = r.layer(g);
  const auto* op = std::get_if<Rearrange>(&l.op);
  if (!op || g.group.piece != 0) return;
  const auto any = [&](auto f) { return std::any_of(op->pieces.begin(), op->pieces.end(), f); };
  const char* what = nullptr;
  const char* change = nullptr;
  if (any([](const Piece& p) { return transposes(p.movement); })) {
    what = "a transposition of";
    change = "keep channels in one place: no permute() between layers that compute";
  } else if (any([&](const Piece& p) { return pads(r, l, *op, p); })) {
    what = "a padding of";
    change = "give it to the convolution or pool that follows (padding=...), with nothing between";
  } else if (l.inputs.size() > 1 && any([](const Piece& p) { return !p.map.empty(); })) {
    what = "a join at differing scales of";
    change = "one QuantIdentity shared by all tensors that are joined, so that bytes are copied as they are";
  } else {
    return;
  }
  double cycles = 0;
  for (const CheckedGroup& part : r.deployment.groups) {
    if (part.group.layers == g.group.layers && part.cost) cycles += part.cost->cycles;
  }
  r.add(g, "movement",
        fmt::format("{} {} bytes is executed: {:.1f} % of the network's cycles", what, r.tensor(l.output).dims.count(),
                    100 * r.share(cycles)),
        change);
}

}  // namespace

void add_warnings(ModelCheck& check, const Deployment& deployment, const Target& target,
                  const GroupCostFunction& cost) {
  const Review r{check, deployment, target, cost};
  for (const CheckedGroup& g : deployment.groups) {
    wide_form(r, g);
    channel_zero_points(r, g);
    odd_channels(r, g);
    movements(r, g);
  }
  streamed_weights(r);
  complete_findings(check);
}

}  // namespace ares
