#include "kb/evidence.hpp"

#include <doctest/doctest.h>

#include <array>

#include "kb_fixture.hpp"

namespace ares::kb {
namespace {

using namespace fixture;

TEST_CASE("kb: evidence is every result of the subjects that count, of all bases") {
  const TemporaryDirectory dir, other_dir;
  KnowledgeBase kb = opened(dir.kb()), other = opened(other_dir.kb());
  const auto remember = [](KnowledgeBase& where, int channels, Source source, double cycles) {
    std::array<Trial, 2> trials;
    for (std::size_t i = 0; i < trials.size(); ++i) {
      trials[i].config[Knob::tile_h] = static_cast<uint16_t>(i + 1);
      trials[i].cycles = cycles + static_cast<double>(i);
    }
    REQUIRE(where.record({conv_signature(channels), source, current().of(source)}, {"m", "l", "r", 1}, trials));
  };
  remember(kb, 64, Source::gvsoc, 100);
  remember(kb, 96, Source::event, 200);
  remember(other, 128, Source::gvsoc, 300);

  const std::array<const KnowledgeBase*, 2> bases{&kb, &other};
  const auto evidence = gather(bases, [](const Subject& s) { return s.source == Source::gvsoc; });
  REQUIRE(evidence);
  CHECK(evidence->groups == 2);
  REQUIRE(evidence->results.size() == 4);
  CHECK(evidence->results[0].shape == conv_signature(64).shape);
  CHECK(evidence->results[0].cycles == 100);
  CHECK(evidence->results[3].cycles == 301);
  CHECK(gather(bases, [](const Subject&) { return false; })->results.empty());
}

}  // namespace
}  // namespace ares::kb
