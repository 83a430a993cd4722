#include "kb/choose.hpp"

#include <doctest/doctest.h>

#include <array>

#include "core/group/space.hpp"
#include "kb_fixture.hpp"

namespace ares::kb {
namespace {

using namespace fixture;

/// A model that likes small tiles.
double small_tiles(const GroupShape&, const Context&, const Config& c) { return 1000 + 10 * c[Knob::tile_h]; }

/// A neighbour's knowledge: its large tile (best) and its small tile (model-best), with measured cycles.
struct Scene {
  TemporaryDirectory dir;
  KnowledgeBase kb = opened(dir.kb());
  Question question;
  SearchSpace space;
  Config small, large;  // feasible configs of the question's group with the least and the greatest tile_h

  Scene() {
    const Signature s = conv_signature(64);
    question = {s.shape, s.context, s.target, s.policy, current(), {}};
    space = make_space(s.shape, s.context);
    for_each_feasible(space, [&](uint64_t, const Config& c) {
      if (small == Config{} || c[Knob::tile_h] < small[Knob::tile_h]) small = c;
      if (c[Knob::tile_h] > large[Knob::tile_h]) large = c;
      return true;
    });
    REQUIRE(small[Knob::tile_h] < large[Knob::tile_h]);
    question.model_best = small;
  }

  void record(const Subject& where, std::vector<Trial> trials) { REQUIRE(kb.record(where, origin, trials)); }
  std::optional<Choice> answer() const { return choose(std::array{&kb}, question, small_tiles); }
};

Trial result(const Config& c, double cycles, bool model_best = false) {
  Trial t;
  t.config = c;
  t.cycles = cycles;
  t.model_best = model_best;
  return t;
}

TEST_CASE("kb choose: nothing known, nothing chosen") { CHECK_FALSE(Scene().answer()); }

TEST_CASE("kb choose: the fastest remembered config that is feasible here") {
  Scene scene;
  Config too_large = scene.large;
  too_large[Knob::tile_co] = 4096;
  REQUIRE(check(scene.question.shape, scene.question.context, too_large));
  scene.record(subject(conv_signature(64)),
               {result(too_large, 10), result(scene.large, 20), result(scene.small, 80, true)});
  const auto choice = scene.answer();
  REQUIRE(choice);
  CHECK(choice->exact);
  CHECK(choice->config == scene.large);
  CHECK(choice->expected_cycles == 20);
  CHECK(choice->gain == 4);
}

TEST_CASE("kb choose: a neighbour's config is fitted and used where its measured ratio makes it win") {
  Scene scene;
  scene.record(subject(conv_signature(96)), {result(scene.large, 500), result(scene.small, 2000, true)});
  const auto choice = scene.answer();
  REQUIRE(choice);
  CHECK_FALSE(choice->exact);
  CHECK(choice->distance == doctest::Approx(0.585).epsilon(0.001));  // log2(96 / 64)
  CHECK(choice->config == fit_config(scene.space, scene.large));
  CHECK_FALSE(check(scene.question.shape, scene.question.context, choice->config));
  CHECK(choice->gain == doctest::Approx(4));
}

TEST_CASE("kb choose: a neighbour's config is not used where model-best is expected to be as fast") {
  Scene scene;
  scene.record(subject(conv_signature(96)), {result(scene.small, 500, true), result(scene.large, 600)});
  CHECK_FALSE(scene.answer());
}

TEST_CASE("kb choose: a neighbour without its own model-best is no judge") {
  Scene scene;
  scene.record(subject(conv_signature(96)), {result(scene.large, 500), result(scene.small, 2000)});
  CHECK_FALSE(scene.answer());
}

TEST_CASE("kb choose: results of another environment are not applied") {
  Scene scene;
  scene.record(subject(conv_signature(64), Source::event, 9), {result(scene.large, 20, true)});
  scene.record(subject(conv_signature(96), Source::event, 9),
               {result(scene.large, 500), result(scene.small, 2000, true)});
  CHECK_FALSE(scene.answer());
}

TEST_CASE("kb choose: the nearest neighbour that wins, not the one that promises most") {
  Scene scene;
  scene.record(subject(conv_signature(128)), {result(scene.large, 100), result(scene.small, 2000, true)});
  scene.record(subject(conv_signature(96)), {result(scene.large, 500), result(scene.small, 2000, true)});
  REQUIRE(scene.answer());
  CHECK(scene.answer()->from == conv_signature(96));
}

TEST_CASE("kb choose: a second knowledge base answers where the first has neither the group nor a nearer neighbour") {
  Scene scene, second;
  const auto answer = [&] {
    return choose(std::array<const KnowledgeBase*, 2>{&scene.kb, &second.kb}, scene.question, small_tiles);
  };
  second.record(subject(conv_signature(96)), {result(scene.large, 500), result(scene.small, 2000, true)});
  REQUIRE(answer());
  CHECK(answer()->from == conv_signature(96));
  scene.record(subject(conv_signature(128)), {result(scene.large, 500), result(scene.small, 2000, true)});
  CHECK(answer()->from == conv_signature(96));
  scene.record(subject(conv_signature(80)), {result(scene.large, 500), result(scene.small, 2000, true)});
  CHECK(answer()->from == conv_signature(80));
  second.record(subject(conv_signature(64)), {result(scene.small, 30)});
  CHECK(answer()->exact);
  CHECK(answer()->config == scene.small);
  scene.record(subject(conv_signature(64)), {result(scene.large, 40)});
  CHECK(answer()->config == scene.large);
}

}  // namespace
}  // namespace ares::kb
