#include "kb/signature.hpp"

#include <algorithm>
#include <cmath>
#include <span>
#include <tuple>
#include <type_traits>

#include "kb/names.hpp"

namespace ares::kb {
namespace {

constexpr uint32_t kib = 1024;

/// Positions among the dimensions that count for distance.
constexpr std::array<size_t, std::tuple_size_v<LogDimensions>> compared{0, 1, 2, 3, 6, 7};

/// The fields a neighbour must share. The bindings name every member, so a new one does not compile before it is placed
/// here or among the dimensions.
template <class S>
auto exact_fields(S& s) {
  auto& [family, in, out, window, weight_bits, form, rounding, out_type, mapped, movement, in_type, in2_type, heads,
         transposed, centred, across, third_row, third_offset, accelerator, tail_count, tails] = s.shape;
  auto& [job_bits, scale_bits, fill] = accelerator;
  (void)third_row, (void)third_offset;  // remembered_shape() has neither
  (void)tail_count, (void)tails;        // tail_fields
  auto& [rows, columns, channels] = movement.axes;
  auto& [row_source, column_source, channel_source] = movement.source;
  auto& [kh, kw, sh, sw, dh, dw, pt, pl, pb, pr] = window;
  auto& [input, weights, output, l1_bytes, l2_staging, cores, stack, may_accelerate] = s.context;
  (void)in, (void)out, (void)l1_bytes, (void)l2_staging;
  return std::tie(family, kh, kw, sh, sw, dh, dw, pt, pl, pb, pr, weight_bits, form, rounding, out_type, input, weights,
                  output, cores, stack, s.policy, mapped, row_source, column_source, channel_source, rows.first,
                  rows.count, rows.to, rows.step, rows.repeat, columns.first, columns.count, columns.to, columns.step,
                  columns.repeat, channels.first, channels.count, channels.to, channels.step, channels.repeat, in_type,
                  in2_type, heads, transposed, centred, across, job_bits, scale_bits, fill, may_accelerate);
}

/// Of a fused layer behind the first; all of it must be shared.
template <class T>
auto tail_fields(T& t) {
  auto& [family, in, out, window, weight_bits, form, rounding, in_type, in2_type, out_type, accelerator] = t;
  auto& [job_bits, scale_bits, fill] = accelerator;
  auto& [kh, kw, sh, sw, dh, dw, pt, pl, pb, pr] = window;
  return std::tie(family, in.h, in.w, in.c, out.h, out.w, out.c, kh, kw, sh, sw, dh, dw, pt, pl, pb, pr, weight_bits,
                  form, rounding, in_type, in2_type, out_type, job_bits, scale_bits, fill);
}

template <class S>
auto dimension_fields(S& s) {
  return std::tie(s.shape.out.c, s.shape.in.c, s.shape.out.h, s.shape.out.w, s.shape.in.h, s.shape.in.w,
                  s.context.l1_bytes, s.context.l2_staging);
}

/// Unsigned image of a value whose order is that of the value.
template <class T>
auto sortable(T value) {
  if constexpr (std::is_enum_v<T>) {
    return static_cast<std::make_unsigned_t<std::underlying_type_t<T>>>(value);
  } else if constexpr (std::is_same_v<T, bool>) {
    return static_cast<uint8_t>(value);
  } else {
    using U = std::make_unsigned_t<T>;
    constexpr U flip = std::is_signed_v<T> ? static_cast<U>(U{1} << (8 * sizeof(T) - 1)) : U{0};
    return static_cast<U>(static_cast<U>(value) ^ flip);
  }
}

template <class T>
void put(std::string& out, T value) {
  const auto u = sortable(value);
  for (int byte = sizeof(u) - 1; byte >= 0; --byte) out.push_back(static_cast<char>(u >> (8 * byte)));
}

template <class T>
bool get(std::string_view& in, T& value) {
  using U = decltype(sortable(value));
  if (in.size() < sizeof(U)) return false;
  U u = 0;
  for (size_t byte = 0; byte < sizeof(U); ++byte) u = static_cast<U>(u << 8 | static_cast<uint8_t>(in[byte]));
  in.remove_prefix(sizeof(U));
  if constexpr (std::is_enum_v<T>) {
    value = static_cast<T>(u);
  } else {
    value = static_cast<T>(sortable(static_cast<T>(u)));
  }
  return true;
}

/// Every enumerator has a name; anything else stems from damaged bytes.
bool valid(const Signature& s) {
  const auto& g = s.shape;
  const auto& c = s.context;
  const std::initializer_list<std::string_view> names{name(g.family),   name(g.form),  name(g.rounding),
                                                      name(g.out_type), name(c.input), name(c.weights),
                                                      name(c.output),   name(s.policy)};
  const auto tails = std::span(g.tails).first(g.tail_count);
  const bool known_tails = std::all_of(tails.begin(), tails.end(), [](const Tail& t) {
    return !name(t.family).empty() && !name(t.form).empty() && !name(t.rounding).empty() && !name(t.in_type).empty() &&
           !name(t.in2_type).empty() && !name(t.out_type).empty();
  });
  return known_tails && std::none_of(names.begin(), names.end(), [](std::string_view n) { return n.empty(); });
}

}  // namespace

GroupShape remembered_shape(GroupShape shape) {
  shape.third_row = shape.third_offset = 0;
  return shape;
}

Signature make_signature(const GroupShape& shape, const Context& context, std::string target, RequantPolicy policy) {
  Signature s{remembered_shape(shape), context, std::move(target), policy};
  s.context.l1_bytes -= s.context.l1_bytes % kib;
  const auto tails = std::span(s.shape.tails).first(s.shape.tail_count);
  const bool tail_accelerates =
      std::any_of(tails.begin(), tails.end(), [](const Tail& t) { return t.accelerator.weight_bits > 0; });
  s.context.accelerator = context.accelerator && (shape.accelerator.weight_bits > 0 || tail_accelerates);
  if (!s.context.accelerator) {
    s.shape.accelerator = {};
    for (Tail& t : tails) t.accelerator = {};
  }
  s.context.l2_staging = context.weights == Level::l3 ? context.l2_staging - context.l2_staging % kib : 0;
  return s;
}

Dimensions dimensions(const Signature& s) {
  return std::apply([](auto... v) { return Dimensions{static_cast<uint32_t>(v)...}; }, dimension_fields(s));
}

std::string family_key(const Signature& s) {
  std::string key;
  key.reserve(96);
  put(key, static_cast<uint16_t>(s.target.size()));
  key += s.target;
  std::apply([&](auto... v) { (put(key, v), ...); }, exact_fields(s));
  put(key, s.shape.tail_count);
  for (size_t i = 0; i < s.shape.tail_count; ++i)
    std::apply([&](auto... v) { (put(key, v), ...); }, tail_fields(s.shape.tails[i]));
  return key;
}

std::string key_of(const Signature& s) {
  std::string key = family_key(s);
  for (uint32_t d : dimensions(s)) put(key, d);
  return key;
}

Result<Signature> signature_of_key(std::string_view key) {
  Signature s;
  std::string_view rest = key;
  uint16_t length = 0;
  if (!get(rest, length) || rest.size() < length) return fail("signature key ends within the target's name");
  s.target = rest.substr(0, length);
  rest.remove_prefix(length);
  bool whole = std::apply([&](auto&... v) { return (get(rest, v) && ...); }, exact_fields(s));
  whole = whole && get(rest, s.shape.tail_count) && s.shape.tail_count <= max_tails;
  for (size_t i = 0; whole && i < s.shape.tail_count; ++i)
    whole = std::apply([&](auto&... v) { return (get(rest, v) && ...); }, tail_fields(s.shape.tails[i]));
  if (!whole || rest.size() != dimension_bytes) return fail("signature key has the wrong length");
  s = with_dimensions(std::move(s), dimensions_of_key(rest));
  if (!valid(s)) return fail("signature key names an unknown operator, memory or form");
  if (make_signature(s.shape, s.context, s.target, s.policy) != s) return fail("signature key is not canonical");
  return s;
}

Dimensions dimensions_of_key(std::string_view key) {
  std::string_view rest = key.substr(key.size() - dimension_bytes);
  Dimensions d{};
  for (uint32_t& v : d) get(rest, v);
  return d;
}

Signature with_dimensions(Signature s, const Dimensions& d) {
  std::apply([&d, i = size_t{0}](
                 auto&... v) mutable { ((v = static_cast<std::remove_reference_t<decltype(v)>>(d[i++])), ...); },
             dimension_fields(s));
  return s;
}

LogDimensions log_dimensions(const Dimensions& d) {
  LogDimensions logs{};
  for (size_t i = 0; i < logs.size(); ++i) logs[i] = std::log2(static_cast<float>(std::max(d[compared[i]], 1u)));
  return logs;
}

double log_distance(const Dimensions& a, const Dimensions& b) {
  double sum = 0;
  for (size_t i : compared) {
    if (a[i] == b[i]) continue;
    const double d = std::log2(std::max(a[i], 1u)) - std::log2(std::max(b[i], 1u));
    sum += d * d;
  }
  return std::sqrt(sum);
}

}  // namespace ares::kb
