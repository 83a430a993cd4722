// The golden vectors of tests/golden/requant.json, derived by rational arithmetic apart from this code (how:
// core/arithmetic/README.md).
#include <doctest/doctest.h>

#include <fstream>
#include <map>
#include <nlohmann/json.hpp>

#include "core/arithmetic/channel_terms.hpp"
#include "core/arithmetic/make_requant.hpp"
#include "core/arithmetic/requant.hpp"
#include "core/arithmetic/table.hpp"
#include "core/ir/layer.hpp"

using nlohmann::json;

namespace ares {
namespace {

json golden(const char* section) {
  const std::string path = ARES_SOURCE_DIR "/tests/golden/requant.json";
  std::ifstream file(path);
  REQUIRE_MESSAGE(file, path);
  return json::parse(file).at(section);
}

std::vector<ChannelTerms> channels_of(const json& list) {
  std::vector<ChannelTerms> terms;
  for (const json& c : list)
    terms.push_back({c.at("multiplier"), c.at("bias"), c.at("weight_sum"), c.at("acc_min"), c.at("acc_max"),
                     c.value("divisor", int64_t{1})});
  return terms;
}

Quantisation quantisation_of(const json& q) {
  Quantisation r;
  r.scale = q.at("scale");
  r.zero_point = q.at("zero_point");
  r.lo = q.at("lo");
  r.hi = q.at("hi");
  return r;
}

void check_outputs(const Requant& r, const json& outputs) {
  REQUIRE(!outputs.empty());
  for (const json& o : outputs) {
    const auto acc = o.at(1).get<int32_t>();
    CAPTURE(acc);
    CHECK(requantise(r, o.at(0), acc) == o.at(2).get<int32_t>());
  }
}

void check_terms(const std::vector<ChannelTerms>& got, const std::vector<ChannelTerms>& expected) {
  REQUIRE(got.size() == expected.size());
  for (std::size_t c = 0; c < got.size(); ++c) {
    CAPTURE(c);
    CHECK(got[c].multiplier == expected[c].multiplier);
    CHECK(got[c].bias == expected[c].bias);
    CHECK(got[c].weight_sum == expected[c].weight_sum);
    CHECK(got[c].acc_min == expected[c].acc_min);
    CHECK(got[c].acc_max == expected[c].acc_max);
  }
}

TEST_CASE("golden: constants, deviation and outputs of narrow and wide form") {
  const std::map<std::string, RequantForm> forms{{"narrow", RequantForm::narrow}, {"wide", RequantForm::wide}};
  std::map<std::pair<RequantForm, Rounding>, int> seen;
  for (const json& g : golden("requant")) {
    CAPTURE(g.at("name").get<std::string>());
    const RequantSpec spec{.input_zero = g.at("input_zero"),
                           .output_zero = g.at("output_zero"),
                           .lo = g.at("lo"),
                           .hi = g.at("hi"),
                           .policy = g.at("policy") == "fast" ? RequantPolicy::fast : RequantPolicy::exact,
                           .bias_quantised = g.at("bias_quantised")};
    const auto r = make_requant(channels_of(g.at("channels")), spec);
    REQUIRE_MESSAGE(r, r.error().what);
    const json& e = g.at("expect");
    CHECK(r->form == forms.at(e.at("form")));
    CHECK(r->rounding == (e.at("rounding") == "half_even" ? Rounding::half_even : Rounding::half_up));
    CHECK(r->shift == e.at("shift").get<int>());
    CHECK(r->pre_shift == e.at("pre_shift").get<int>());
    CHECK(r->lo == spec.lo);
    CHECK(r->hi == spec.hi);
    CHECK(r->tie_width == e.at("tie_width").get<int>());
    CHECK(r->m == e.at("m").get<std::vector<int32_t>>());
    CHECK(r->B == e.at("B").get<std::vector<int32_t>>());
    CHECK(r->deviation == e.at("deviation").get<double>());
    check_outputs(*r, g.at("outputs"));
    ++seen[{r->form, r->rounding}];
  }
  CHECK(seen.size() == 4);
}

TEST_CASE("golden: raw form") {
  for (const json& g : golden("raw")) {
    CAPTURE(g.at("name").get<std::string>());
    const auto r = make_raw_requant(channels_of(g.at("channels")), g.at("input_zero"));
    REQUIRE_MESSAGE(r, r.error().what);
    CHECK(r->form == RequantForm::raw);
    CHECK(r->B == g.at("B").get<std::vector<int32_t>>());
    CHECK(r->deviation == g.at("deviation").get<double>());
    check_outputs(*r, g.at("outputs"));
  }
}

TEST_CASE("golden: terms of a layer") {
  for (const json& g : golden("terms")) {
    CAPTURE(g.at("name").get<std::string>());
    const auto weights = g.at("weights").get<std::vector<int8_t>>();
    const auto zero = g.at("zero").get<std::vector<int32_t>>();
    const auto scale = g.at("scale").get<std::vector<double>>();
    const auto bias = g.at("bias").get<std::vector<double>>();
    const WeightTerms layer{weights, zero, scale, bias};
    const Quantisation input = quantisation_of(g.at("input"));
    const bool padded = g.at("padded");
    const auto terms = channel_terms(layer, input, padded, g.at("output_scale"));
    REQUIRE_MESSAGE(terms, terms.error().what);
    check_terms(*terms, channels_of(g.at("expect")));
    const auto raw = raw_channel_terms(layer, input, padded);
    REQUIRE_MESSAGE(raw, raw.error().what);
    check_terms(*raw, channels_of(g.at("expect_raw")));
  }
}

TEST_CASE("golden: tables") {
  const std::map<std::string, double (*)(double)> functions{{"identity", [](double x) { return x; }},
                                                            {"relu", [](double x) { return std::max(x, 0.0); }},
                                                            {"leaky_relu", [](double x) { return x > 0 ? x : x / 8; }},
                                                            {"square", [](double x) { return x * x; }}};
  for (const json& g : golden("tables")) {
    const std::string name = g.at("name");
    CAPTURE(name);
    const auto map = build_table(functions.at(name), quantisation_of(g.at("input")), quantisation_of(g.at("output")));
    REQUIRE_MESSAGE(map, map.error().what);
    CHECK(std::vector<int>(map->begin(), map->end()) == g.at("map").get<std::vector<int>>());
  }
}

}  // namespace
}  // namespace ares
