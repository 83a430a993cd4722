#include "core/group/accelerator.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace ares {
namespace {

constexpr int32_t most_weight_bits = 8, least_weight_bits = 2;

/// Least and largest w - z_w.
std::pair<int32_t, int32_t> weight_range(const Weighted& w) {
  const auto [least, most] = std::minmax_element(w.weights.begin(), w.weights.end());
  const int32_t zero = w.weight_zero.empty() ? 0 : w.weight_zero.front();
  return {*least - zero, *most - zero};
}

/// Outputs of stride 2 lie at even addresses.
bool has_its_shape(const Weighted& w, const Tensor& in, const Tensor& out) {
  const Window& k = w.window;
  const bool kernel = k.kh == k.kw && (k.kh == 3 || k.kh == 1);
  const bool stride = k.sh == k.sw && (k.sh == 1 || (k.sh == 2 && out.dims.c % 2 == 0));
  const bool depthwise =
      w.groups == in.dims.c && w.groups == out.dims.c && k.kh == 3 && job_depthwise_channel_bytes(in.dims.c) > 0;
  return kernel && stride && k.dh == 1 && k.dw == 1 && (w.groups == 1 || depthwise);
}

/// Clipping to 0..255 gives what clipping to the layer's own range gives, for every accumulator that its inputs reach.
bool clips_alike(const Weighted& w, const Tensor& in) {
  const Requant& r = w.requant;
  if (r.lo <= 0 && r.hi >= 255) return r.lo == 0 && r.hi == 255;
  const int32_t low = std::min(in.q.lo, in.q.zero_point), high = std::max(in.q.hi, in.q.zero_point);
  const int32_t zero = w.weight_zero.empty() ? 0 : w.weight_zero.front();
  const size_t channels = r.B.size(), taps = w.weights.size() / channels;
  for (size_t c = 0; c < channels; ++c) {
    int64_t least = 0, most = 0;
    for (size_t i = 0; i < taps; ++i) {
      const int64_t v = w.weights[c * taps + i] - zero;
      least += v * (v < 0 ? high : low);
      most += v * (v < 0 ? low : high);
    }
    const int64_t first = (least * r.m[c] + r.B[c]) >> r.shift, last = (most * r.m[c] + r.B[c]) >> r.shift;
    if ((r.lo > 0 && first < r.lo) || (r.hi < 255 && last > r.hi)) return false;
  }
  return true;
}

bool has_its_requantisation(const Weighted& w, const Tensor& in) {
  const Requant& r = w.requant;
  const auto same_zero = [&](int32_t z) { return z == w.weight_zero.front(); };
  return r.form == RequantForm::narrow && r.rounding == Rounding::half_up && r.m.size() == r.B.size() && !r.m.empty() &&
         std::all_of(r.m.begin(), r.m.end(), [](int32_t m) { return m >= 0; }) &&
         std::all_of(w.weight_zero.begin(), w.weight_zero.end(), same_zero) && clips_alike(w, in);
}

}  // namespace

AcceleratorForm accelerator_form(const Weighted& w, const Tensor& in, const Tensor& out) {
  if (in.type != ElementType::u8 || out.type != ElementType::u8 || w.weights.empty()) return {};
  if (!has_its_shape(w, in, out) || !has_its_requantisation(w, in)) return {};
  const auto [least, most] = weight_range(w);
  const int32_t bits = std::max<int32_t>(std::bit_width(static_cast<uint32_t>(most - least)), least_weight_bits);
  if (bits > most_weight_bits) return {};
  AcceleratorForm form;
  form.weight_bits = static_cast<uint8_t>(w.groups == 1 ? bits : most_weight_bits);
  const int32_t largest = *std::max_element(w.requant.m.begin(), w.requant.m.end());
  form.scale_bits = largest < 1 << 8 ? 8 : largest < 1 << 16 ? 16 : 32;
  // Under a 3x3 window the engine itself puts zeros for at most a row or column at each side.
  const Window& k = w.window;
  form.fill = is_padded(k) && (k.kh == 1 || in.q.zero_point != 0 || std::max({k.pt, k.pl, k.pb, k.pr}) > 1);
  return form;
}

int32_t job_weight_offset(const Weighted& layer) { return weight_range(layer).first; }

SharedConstants shared_constants(const GroupShape& s, int32_t share) {
  const auto aligned = [](int32_t bytes) { return (bytes + 15) & ~15; };
  const int32_t rest = s.in.c - share, groups = (rest + job_channels_in - 1) / job_channels_in;
  SharedConstants c;
  c.weights_at = aligned(share * s.channel_bytes());
  c.params_at = aligned(share * s.param_bytes());
  c.weights_bytes = c.weights_at + groups * job_depthwise_group_bytes;
  c.params_bytes = c.params_at + rest * s.param_bytes(true);
  return c;
}

ConstantBytes constants_of(const GroupShape& s, const Config& c) {
  const bool job = on_accelerator(c);
  if (!job || c[Knob::share] == 0) return {s.weights_size(job), s.params_size(job)};
  const SharedConstants shared = shared_constants(s, c[Knob::share]);
  return {static_cast<uint32_t>(shared.weights_bytes), static_cast<uint32_t>(shared.params_bytes)};
}

}  // namespace ares
