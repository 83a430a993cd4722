// The text form of signatures.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <vector>

#include "kb/names.hpp"
#include "kb/signature.hpp"

namespace ares::kb {
namespace {

bool plain(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '_' || c == '-';
}

/// Bytes that have a meaning in signatures or shells, as %xx.
std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) out += plain(c) ? std::string(1, c) : fmt::format("%{:02x}", static_cast<uint8_t>(c));
  return out;
}

template <class T>
bool number(std::string_view text, T& value, int base = 10) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  return error == std::errc{} && end == text.data() + text.size();
}

bool unescape(std::string_view text, std::string& out) {
  out.clear();
  for (size_t i = 0; i < text.size(); ++i) {
    uint8_t byte = static_cast<uint8_t>(text[i]);
    if (text[i] == '%') {
      if (i + 2 >= text.size() || !number(text.substr(i + 1, 2), byte, 16)) return false;
      i += 2;
    }
    out.push_back(static_cast<char>(byte));
  }
  return true;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (size_t begin = 0;;) {
    const size_t end = text.find(separator, begin);
    parts.push_back(text.substr(begin, end - begin));
    if (end == std::string_view::npos) return parts;
    begin = end + 1;
  }
}

/// Reads as many parts as there are values.
template <class... T>
bool numbers(std::string_view text, char separator, T&... values) {
  const auto parts = split(text, separator);
  size_t i = 0;
  return parts.size() == sizeof...(values) && (number(parts[i++], values) && ...);
}

template <class E>
bool named(std::string_view text, E& value) {
  const auto found = from_name<E>(text);
  if (found) value = *found;
  return found.has_value();
}

template <class... E>
bool all_named(std::string_view text, E&... values) {
  const auto parts = split(text, ',');
  size_t i = 0;
  return parts.size() == sizeof...(values) && (named(parts[i++], values) && ...);
}

/// `96K` or bytes.
bool bytes(std::string_view text, uint32_t& value) {
  const bool kib = !text.empty() && (text.back() == 'K' || text.back() == 'k');
  if (!number(text.substr(0, text.size() - (kib ? 1 : 0)), value)) return false;
  if (kib && value > UINT32_MAX / 1024) return false;
  if (kib) value *= 1024;
  return true;
}

bool flag(std::string_view text, bool& value) {
  value = text == "1";
  return value || text == "0";
}

constexpr std::array<std::string_view, 3> axis_fields{"rows", "columns", "channels"};

/// As tail_text() writes it.
bool parse_tail(std::string_view v, GroupShape& g) {
  if (g.tail_count == max_tails) return false;
  Tail t;
  const auto parts = split(v, '/');
  const auto job = [&](std::string_view text) {
    return numbers(text, ',', t.accelerator.weight_bits, t.accelerator.scale_bits) &&
           (t.accelerator.fill = false, true);
  };
  Window& w = t.window;
  const bool read = parts.size() == 8 && named(parts[0], t.family) && numbers(parts[1], 'x', t.in.h, t.in.w, t.in.c) &&
                    numbers(parts[2], 'x', t.out.h, t.out.w, t.out.c) &&
                    numbers(parts[3], ',', w.kh, w.kw, w.sh, w.sw) && numbers(parts[4], ',', t.weight_bits) &&
                    all_named(parts[5], t.form, t.rounding) && all_named(parts[6], t.in_type, t.in2_type, t.out_type) &&
                    job(parts[7]);
  if (read) g.tails[g.tail_count++] = t;
  return read;
}

bool parse_field(std::string_view field, std::string_view v, Signature& s) {
  auto& g = s.shape;
  auto& w = g.window;
  auto& c = s.context;
  if (field == "in") return numbers(v, 'x', g.in.h, g.in.w, g.in.c);
  if (field == "out") return numbers(v, 'x', g.out.h, g.out.w, g.out.c);
  if (field == "kernel") return numbers(v, 'x', w.kh, w.kw);
  if (field == "stride") return numbers(v, 'x', w.sh, w.sw);
  if (field == "dilation") return numbers(v, 'x', w.dh, w.dw);
  if (field == "pad") return numbers(v, ',', w.pt, w.pl, w.pb, w.pr);
  if (field == "bits") return numbers(v, ',', g.weight_bits);
  if (field == "requant") return all_named(v, g.form, g.rounding);
  if (field == "type") return named(v, g.out_type);
  if (field == "input") return all_named(v, g.in_type, g.in2_type);
  if (field == "heads") return number(v, g.heads);
  if (field == "transposed") return flag(v, g.transposed);
  if (field == "centred") return flag(v, g.centred);
  if (field == "across") return flag(v, g.across);
  if (field == "job") return numbers(v, ',', g.accelerator.weight_bits, g.accelerator.scale_bits);
  if (field == "fill") return flag(v, g.accelerator.fill);
  if (field == "accelerator") return flag(v, c.accelerator);
  if (field == "levels") return all_named(v, c.input, c.weights, c.output);
  if (field == "l1") return bytes(v, c.l1_bytes);
  if (field == "staging") return bytes(v, c.l2_staging);
  if (field == "cores") return number(v, c.cores);
  if (field == "stack") return number(v, c.stack);
  if (field == "target") return unescape(v, s.target);
  if (field == "mapped") return flag(v, g.mapped);
  if (field == "source") return numbers(v, ',', g.movement.source[0], g.movement.source[1], g.movement.source[2]);
  for (size_t i = 0; i < 3; ++i) {
    MovedAxis& a = g.movement.axes[i];
    if (field == axis_fields[i]) return numbers(v, ',', a.first, a.count, a.to, a.step, a.repeat);
  }
  if (field == "policy") return named(v, s.policy);
  if (field == "then") return parse_tail(v, g);
  return false;
}

/// What transformers add; nothing where it stands at its defaults.
std::string row_text(const GroupShape& g) {
  std::string text;
  if (g.in_type != ElementType::u8 || g.in2_type != ElementType::u8)
    text += fmt::format(":input={},{}", name(g.in_type), name(g.in2_type));
  if (g.heads != 1) text += fmt::format(":heads={}", g.heads);
  if (g.transposed) text += ":transposed=1";
  if (!g.centred) text += ":centred=0";
  if (g.across) text += ":across=1";
  return text;
}

/// What the accelerator adds; nothing where it stands at its defaults.
std::string accelerator_text(const GroupShape& g) {
  const AcceleratorForm& a = g.accelerator;
  std::string text;
  if (a.weight_bits != 0 || a.scale_bits != 0) text += fmt::format(":job={},{}", a.weight_bits, a.scale_bits);
  if (a.fill) text += ":fill=1";
  return text;
}

/// The part of a rearrangement; nothing where it stands at its defaults.
std::string movement_text(const GroupShape& g) {
  std::string text;
  const Movement none;
  if (g.mapped) text += ":mapped=1";
  const auto& s = g.movement.source;
  if (s != none.source) text += fmt::format(":source={},{},{}", s[0], s[1], s[2]);
  for (size_t i = 0; i < 3; ++i) {
    const MovedAxis& a = g.movement.axes[i];
    if (a == none.axes[i]) continue;
    text += fmt::format(":{}={},{},{},{},{}", axis_fields[i], a.first, a.count, a.to, a.step, a.repeat);
  }
  return text;
}

/// The fused layers behind the first: operator, dims, window without padding, bits, requantisation, types, job.
std::string tail_text(const GroupShape& g) {
  std::string text;
  for (size_t i = 0; i < g.tail_count; ++i) {
    const Tail& t = g.tails[i];
    const Window& w = t.window;
    text += fmt::format(":then={}/{}x{}x{}/{}x{}x{}/{},{},{},{}/{}/{},{}/{},{},{}/{},{}", name(t.family), t.in.h,
                        t.in.w, t.in.c, t.out.h, t.out.w, t.out.c, w.kh, w.kw, w.sh, w.sw, t.weight_bits, name(t.form),
                        name(t.rounding), name(t.in_type), name(t.in2_type), name(t.out_type),
                        t.accelerator.weight_bits, t.accelerator.scale_bits);
  }
  return text;
}

std::string window_text(const Window& w) {
  std::string text;
  if (w.kh != 1 || w.kw != 1) text += fmt::format(":kernel={}x{}", w.kh, w.kw);
  if (w.sh != 1 || w.sw != 1) text += fmt::format(":stride={}x{}", w.sh, w.sw);
  if (w.dh != 1 || w.dw != 1) text += fmt::format(":dilation={}x{}", w.dh, w.dw);
  if (w.pt || w.pl || w.pb || w.pr) text += fmt::format(":pad={},{},{},{}", w.pt, w.pl, w.pb, w.pr);
  return text;
}

}  // namespace

std::string to_string(const Signature& s) {
  const auto& g = s.shape;
  const auto& c = s.context;
  std::string text =
      fmt::format("{}:in={}x{}x{}:out={}x{}x{}", name(g.family), g.in.h, g.in.w, g.in.c, g.out.h, g.out.w, g.out.c);
  text += window_text(g.window) + movement_text(g) + row_text(g) + accelerator_text(g) + tail_text(g);
  text += fmt::format(":bits={}:requant={},{}:type={}:levels={},{},{}:l1={}K", g.weight_bits, name(g.form),
                      name(g.rounding), name(g.out_type), name(c.input), name(c.weights), name(c.output),
                      c.l1_bytes / 1024);
  if (c.l2_staging) text += fmt::format(":staging={}K", c.l2_staging / 1024);
  if (c.accelerator) text += ":accelerator=1";
  text += fmt::format(":cores={}:stack={}:target={}:policy={}", c.cores, c.stack, escaped(s.target), name(s.policy));
  return text;
}

namespace {

// What a text may claim: sizes with which no sum or product of a few of them leaves its type.
constexpr int32_t most_units = 1 << 24;
constexpr int32_t most_cores = 1024;

bool plausible(const Dims& d) {
  const auto side = [](int32_t n) { return n >= 1 && n <= most_units; };
  return side(d.h) && side(d.w) && side(d.c) && double(d.h) * d.w * d.c <= std::numeric_limits<int32_t>::max();
}

bool plausible(const Window& w, const Dims& out) {
  const auto reach = [](int64_t outputs, int stride, int kernel, int dilation) {
    return stride >= 1 && kernel >= 1 && dilation >= 1 &&
           (outputs - 1) * stride + int64_t{kernel - 1} * dilation < 2 * most_units;
  };
  return reach(out.h, w.sh, w.kh, w.dh) && reach(out.w, w.sw, w.kw, w.dw) && std::min({w.pt, w.pl, w.pb, w.pr}) >= 0;
}

bool plausible(Family family, const Dims& in, const Dims& out, const Window& w) {
  const double weights = has_weights(family) ? double(in.c) * out.c * w.kh * w.kw : 0;
  return plausible(in) && plausible(out) && plausible(w, out) && weights <= std::numeric_limits<int32_t>::max();
}

bool plausible(const Movement& m) {
  const auto within = [](int32_t n) { return n >= -most_units && n <= most_units; };
  return std::all_of(m.source.begin(), m.source.end(), [](uint8_t axis) { return axis < 3; }) &&
         std::all_of(m.axes.begin(), m.axes.end(), [&](const MovedAxis& a) {
           return within(a.first) && within(a.count) && within(a.to) && a.step != 0 && a.repeat >= 1;
         });
}

bool plausible(const GroupShape& g, const Context& c) {
  const auto size = [](int64_t n, int64_t least) { return n >= least && n <= most_units; };
  return plausible(g.family, g.in, g.out, g.window) && plausible(g.movement) && size(g.heads, 1) &&
         size(g.third_row, 0) && size(g.third_offset, 0) && c.cores >= 1 && c.cores <= most_cores &&
         std::all_of(g.tails.begin(), g.tails.begin() + g.tail_count,
                     [](const Tail& t) { return plausible(t.family, t.in, t.out, t.window); });
}

}  // namespace

Result<Signature> parse_signature(std::string_view text) {
  Signature s;
  s.target = "gap9";
  const auto fields = split(text, ':');
  if (!named(fields[0], s.shape.family)) return fail(fmt::format("signature: unknown operator '{}'", fields[0]));
  bool has_in = false, has_out = false;
  for (size_t i = 1; i < fields.size(); ++i) {
    const size_t equals = fields[i].find('=');
    const std::string_view field = fields[i].substr(0, equals);
    if (equals == std::string_view::npos || !parse_field(field, fields[i].substr(equals + 1), s)) {
      return fail(fmt::format("signature: cannot read '{}'", fields[i]));
    }
    has_in |= field == "in";
    has_out |= field == "out";
  }
  if (!has_in || !has_out) return fail("signature: give in=HxWxC and out=HxWxC");
  if (!plausible(s.shape, s.context)) return fail("signature: sizes that no layer has");
  return make_signature(s.shape, s.context, s.target, s.policy);
}

}  // namespace ares::kb
