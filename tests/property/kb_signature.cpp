#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cmath>

#include "kb/codec.hpp"
#include "kb/signature.hpp"

namespace ares::kb {
namespace {

template <class T>
T any_of(std::initializer_list<T> values) {
  return *rc::gen::elementOf(std::vector<T>(values));
}

/// Small ranges, so that equal fields and equal signatures are frequent; weights and tensors stay below 2^31 elements.
Dims any_dims() { return {*rc::gen::inRange(1, 5), *rc::gen::inRange(1, 70000), *rc::gen::inRange(1, 5000)}; }

Tail any_tail() {
  Tail t;
  t.family = any_of({Family::table, Family::add, Family::max_pool, Family::conv, Family::linear});
  t.in = any_dims();
  t.out = any_dims();
  t.window.kh = *rc::gen::inRange<int16_t>(1, 4);
  t.window.sw = *rc::gen::inRange<int16_t>(1, 3);
  t.weight_bits = *rc::gen::inRange<uint8_t>(1, 10);
  t.form = any_of({RequantForm::narrow, RequantForm::wide, RequantForm::raw});
  t.in2_type = any_of({ElementType::u8, ElementType::s16});
  t.out_type = any_of({ElementType::u8, ElementType::s16, ElementType::s32});
  t.accelerator.weight_bits = *rc::gen::inRange<uint8_t>(0, 3);
  return t;
}

Signature any_signature() {
  GroupShape g;
  g.family = any_of({Family::conv, Family::linear, Family::max_pool, Family::table, Family::average_pool,
                     Family::depthwise, Family::add, Family::multiply, Family::rearrange, Family::curve});
  g.in = any_dims();
  g.out = any_dims();
  for (int16_t Window::*field : {&Window::kh, &Window::kw, &Window::sh, &Window::sw, &Window::dh, &Window::dw})
    g.window.*field = *rc::gen::inRange<int16_t>(1, 4);
  for (int16_t Window::*field : {&Window::pt, &Window::pl, &Window::pb, &Window::pr})
    g.window.*field = *rc::gen::inRange<int16_t>(0, 3);
  g.weight_bits = *rc::gen::inRange<uint8_t>(1, 10);
  g.form = any_of({RequantForm::narrow, RequantForm::wide, RequantForm::raw});
  g.rounding = any_of({Rounding::half_up, Rounding::half_even});
  g.out_type = any_of({ElementType::u8, ElementType::s16, ElementType::s32});
  g.mapped = *rc::gen::arbitrary<bool>();
  g.movement.axes[0].first = *rc::gen::inRange(-2, 3);
  g.movement.axes[2].repeat = *rc::gen::inRange<int16_t>(1, 3);
  g.tail_count = *rc::gen::inRange<uint8_t>(0, max_tails + 1);
  for (size_t i = 0; i < g.tail_count; ++i) g.tails[i] = any_tail();
  Context c;
  c.accelerator = *rc::gen::arbitrary<bool>();
  for (Level Context::*level : {&Context::input, &Context::weights, &Context::output}) {
    c.*level = any_of({Level::l1, Level::l2, Level::l3});
  }
  c.l1_bytes = *rc::gen::arbitrary<uint32_t>();
  c.l2_staging = *rc::gen::arbitrary<uint32_t>();
  c.cores = *rc::gen::inRange(1, 9);
  c.stack = *rc::gen::inRange<uint32_t>(0, 0x1000);
  return make_signature(g, c, *rc::gen::string<std::string>(), any_of({RequantPolicy::fast, RequantPolicy::exact}));
}

/// Another signature of the same family.
Signature with_other_dimensions(Signature s) {
  const Signature other = any_signature();
  s.shape.in = other.shape.in;
  s.shape.out = other.shape.out;
  s.context.l1_bytes = other.context.l1_bytes;
  s.context.l2_staging = other.context.l2_staging;
  return make_signature(s.shape, s.context, s.target, s.policy);
}

/// A signature that shares some, all or no fields with `s`.
Signature relative_of(const Signature& s) {
  Signature other = any_of({s, with_other_dimensions(s), any_signature()});
  if (*rc::gen::arbitrary<bool>()) other.shape.out.c = *rc::gen::inRange(1, 70000);
  if (*rc::gen::arbitrary<bool>()) other.shape.window.sw = *rc::gen::inRange<int16_t>(1, 3);
  return other;
}

bool same_but_dimensions(Signature a, const Signature& b) {
  a.shape.in = b.shape.in;
  a.shape.out = b.shape.out;
  a.context.l1_bytes = b.context.l1_bytes;
  a.context.l2_staging = b.context.l2_staging;
  return a == b;
}

TEST_CASE("kb signature: keys and texts read back") {
  CHECK(rc::check([] {
    const Signature s = any_signature();
    RC_ASSERT(value_or_throw(signature_of_key(key_of(s))) == s);
    RC_ASSERT(value_or_throw(parse_signature(to_string(s))) == s);
    RC_ASSERT(dimensions_of_key(key_of(s)) == dimensions(s));
  }));
}

TEST_CASE("kb signature: equal keys are equal signatures, equal prefixes are equal families") {
  CHECK(rc::check([] {
    const Signature a = any_signature();
    const Signature b = relative_of(a);
    const bool equal = a == b;
    const bool family = same_but_dimensions(a, b);
    RC_CLASSIFY(equal, "equal");
    RC_CLASSIFY(family && !equal, "same family");
    RC_ASSERT((key_of(a) == key_of(b)) == equal);
    RC_ASSERT((to_string(a) == to_string(b)) == equal);
    RC_ASSERT((family_key(a) == family_key(b)) == family);
    RC_ASSERT(key_of(b).starts_with(family_key(a)) == family);
    RC_ASSERT(key_of(a).size() == family_key(a).size() + dimension_bytes);
  }));
}

TEST_CASE("kb signature: keys of a family sort by dimensions") {
  CHECK(rc::check([] {
    const Signature a = any_signature();
    const Signature b = with_other_dimensions(a);
    RC_ASSERT((key_of(a) < key_of(b)) == (dimensions(a) < dimensions(b)));
  }));
}

TEST_CASE("kb signature: log_distance is a metric") {
  CHECK(rc::check([] {
    const Dimensions a = dimensions(any_signature()), b = dimensions(any_signature()), c = dimensions(any_signature());
    RC_ASSERT(log_distance(a, a) == 0);
    RC_ASSERT(log_distance(a, b) == log_distance(b, a));
    RC_ASSERT(log_distance(a, c) <= log_distance(a, b) + log_distance(b, c) + 1e-9);
  }));
}

Entry any_entry() {
  Entry e;
  e.subject = {any_signature(), any_of({Source::board, Source::gvsoc, Source::event}), {}};
  e.subject.environment = {*rc::gen::arbitrary<uint64_t>(), *rc::gen::arbitrary<uint32_t>(),
                           *rc::gen::arbitrary<uint32_t>(), *rc::gen::string<std::string>()};
  const int results = *rc::gen::inRange(0, 5);
  for (int i = 0; i < results; ++i) {
    Measured m;
    for (uint16_t& v : m.config.value) v = *rc::gen::arbitrary<uint16_t>();
    m.cycles = *rc::gen::inRange(1, 1000000) / 8.0;
    m.provenance = {*rc::gen::string<std::string>(), *rc::gen::string<std::string>(), "run",
                    *rc::gen::arbitrary<int64_t>()};
    e.results.push_back(m);
  }
  e.evaluations = *rc::gen::arbitrary<uint64_t>();
  e.cursor = *rc::gen::string<std::string>();
  if (*rc::gen::arbitrary<bool>()) e.settled = Settled{*rc::gen::string<std::string>(), "why", 3, 2, 1};
  return e;
}

TEST_CASE("kb codec: an entry reads back, and no damaged one does") {
  CHECK(rc::check([] {
    const Entry e = any_entry();
    const std::string key = key_of(e.subject);
    const std::string value = encode(key, e);
    RC_ASSERT(decode_entry(key, value) == e);

    std::string damaged = value;
    const auto at = *rc::gen::inRange<size_t>(0, value.size());
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << *rc::gen::inRange(0, 8)));
    RC_ASSERT(!decode_entry(key, damaged));
    RC_ASSERT(!decode_entry(key, std::string_view(value).substr(0, at)));
    RC_ASSERT(!decode_entry(key, *rc::gen::string<std::string>()));
    std::string other_key = key;
    other_key[*rc::gen::inRange<size_t>(0, key.size())] ^= 1;
    RC_ASSERT(!decode_entry(other_key, value));
  }));
}

}  // namespace
}  // namespace ares::kb
