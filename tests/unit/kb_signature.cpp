#include "kb/signature.hpp"

#include <doctest/doctest.h>

#include <cmath>

#include "kb_fixture.hpp"

namespace ares::kb {
namespace {

using fixture::conv_signature;

TEST_CASE("kb signature: the L1 window is rounded down and staging counts only with weights in L3") {
  GroupShape shape;
  Context context;
  context.l1_bytes = 64 * 1024 + 1023;
  context.l2_staging = 5000;
  const Signature resident = make_signature(shape, context, "gap9", RequantPolicy::fast);
  CHECK(resident.context.l1_bytes == 64 * 1024);
  CHECK(resident.context.l2_staging == 0);
  context.weights = Level::l3;
  CHECK(make_signature(shape, context, "gap9", RequantPolicy::fast).context.l2_staging == 4096);
}

TEST_CASE("kb signature: every field tells keys apart") {
  const Signature base = conv_signature();
  const auto differs = [&](auto change) {
    Signature other = base;
    change(other);
    other = make_signature(other.shape, other.context, other.target, other.policy);
    return key_of(other) != key_of(base);
  };
  CHECK(differs([](Signature& s) { s.shape.family = Family::max_pool; }));
  CHECK(differs([](Signature& s) { s.shape.in.h++; }));
  CHECK(differs([](Signature& s) { s.shape.in.w++; }));
  CHECK(differs([](Signature& s) { s.shape.in.c++; }));
  CHECK(differs([](Signature& s) { s.shape.out.h++; }));
  CHECK(differs([](Signature& s) { s.shape.out.w++; }));
  CHECK(differs([](Signature& s) { s.shape.out.c++; }));
  CHECK(differs([](Signature& s) { s.shape.window.sw = 2; }));
  CHECK(differs([](Signature& s) { s.shape.window.dh = 2; }));
  CHECK(differs([](Signature& s) { s.shape.window.pb = 0; }));
  CHECK(differs([](Signature& s) { s.shape.weight_bits = 4; }));
  CHECK(differs([](Signature& s) { s.shape.form = RequantForm::wide; }));
  CHECK(differs([](Signature& s) { s.shape.rounding = Rounding::half_even; }));
  CHECK(differs([](Signature& s) { s.shape.out_type = ElementType::s32; }));
  CHECK(differs([](Signature& s) { s.context.input = Level::l1; }));
  CHECK(differs([](Signature& s) { s.context.weights = Level::l3; }));
  CHECK(differs([](Signature& s) { s.context.output = Level::l3; }));
  CHECK(differs([](Signature& s) { s.context.l1_bytes += 1024; }));
  CHECK(differs([](Signature& s) { s.context.cores = 4; }));
  CHECK(differs([](Signature& s) { s.context.stack = 0x800; }));
  CHECK(differs([](Signature& s) { s.target = "siracusa"; }));
  CHECK(differs([](Signature& s) { s.policy = RequantPolicy::exact; }));
  CHECK_FALSE(differs([](Signature& s) { s.context.l1_bytes += 1023; }));
}

TEST_CASE("kb signature: distance counts doublings") {
  const auto distance = [](const Signature& a, const Signature& b) {
    return log_distance(dimensions(a), dimensions(b));
  };
  const Signature base = conv_signature(64, 14, 96);
  CHECK(distance(base, base) == 0);
  CHECK(distance(base, conv_signature(128, 14, 96)) == doctest::Approx(1));
  CHECK(distance(base, conv_signature(64, 14, 48)) == doctest::Approx(1));
  CHECK(distance(base, conv_signature(64, 28, 96)) == doctest::Approx(std::sqrt(2)));  // rows and columns
}

TEST_CASE("kb signature: text reads back, with defaults and escapes") {
  Signature s = conv_signature();
  CHECK(to_string(s) ==
        "conv:in=14x14x32:out=14x14x64:kernel=3x3:pad=1,1,1,1:bits=8:requant=narrow,half_up:type=u8:levels=l2,l2,l2:"
        "l1=96K:cores=8:stack=1024:target=gap9:policy=fast");
  CHECK(value_or_throw(parse_signature("conv:in=14x14x32:out=14x14x64:kernel=3x3:pad=1,1,1,1:l1=98304")) == s);
  s.target = "my chip: 50 %, v2";
  CHECK(to_string(s).find(' ') == std::string::npos);
  CHECK(value_or_throw(parse_signature(to_string(s))) == s);
}

TEST_CASE("kb signature: unreadable text is named") {
  const auto error_of = [](const char* text) {
    const auto s = parse_signature(text);
    return s ? std::string() : s.error().what;
  };
  CHECK(error_of("convolution:in=1x1x1:out=1x1x1").find("convolution") != std::string::npos);
  CHECK(error_of("conv:in=1x1:out=1x1x1").find("in=1x1") != std::string::npos);
  CHECK(error_of("conv:in=1x1x1").find("out=") != std::string::npos);
  CHECK(error_of("conv:in=1x1x1:out=1x1x1:colour=red").find("colour=red") != std::string::npos);
  CHECK(error_of("conv:in=1x1x1:out=1x1x1:l1=9999999K").find("l1=9999999K") != std::string::npos);
  CHECK(error_of("conv:in=1x1x1:out=1x1x1:target=a%2").find("target=a%2") != std::string::npos);
}

TEST_CASE("kb signature: keys that were never written do not decode") {
  const std::string key = key_of(conv_signature());
  CHECK(value_or_throw(signature_of_key(key)) == conv_signature());
  CHECK_FALSE(signature_of_key(""));
  CHECK_FALSE(signature_of_key(key.substr(0, key.size() - 1)));
  CHECK_FALSE(signature_of_key(key + "x"));
  std::string unknown_family = key;
  unknown_family[2 + 4] = '\x7f';  // after the length and the letters of "gap9"
  CHECK_FALSE(signature_of_key(unknown_family));
}

}  // namespace
}  // namespace ares::kb
