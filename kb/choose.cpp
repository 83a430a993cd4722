#include "kb/choose.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/group/space.hpp"

namespace ares::kb {
namespace {

std::optional<Choice> choose_exact(const Entry& entry, const Question& q) {
  for (const Measured& m : entry.results) {
    if (check(q.shape, q.context, m.config)) continue;
    const Measured* reference = entry.model_best();
    return Choice{m.config,
                  0,
                  true,
                  m.cycles,
                  reference ? reference->cycles / m.cycles : 1,
                  entry.subject.source,
                  entry.subject.signature,
                  m.provenance};
  }
  return std::nullopt;
}

/// The window the neighbour was tuned in was up to 1 KiB larger than its signature says.
Context widest_context(const Signature& s) {
  Context c = s.context;
  c.l1_bytes += 1023;
  if (c.weights == Level::l3) c.l2_staging += 1023;
  return c;
}

std::optional<Choice> choose_near(const Neighbour& n, const SearchSpace& space, const Question& q,
                                  const Scorer& scorer) {
  const Measured& best = n.entry.best();
  const Measured* reference = n.entry.model_best();
  if (!reference) return std::nullopt;
  const Config fitted = fit_config(space, best.config);
  if (check(space, fitted)) return std::nullopt;

  const Signature& s = n.entry.subject.signature;
  const Context theirs = widest_context(s);
  const double expected = scorer(q.shape, q.context, fitted) * best.cycles / scorer(s.shape, theirs, best.config);
  const double to_beat =
      scorer(q.shape, q.context, q.model_best) * reference->cycles / scorer(s.shape, theirs, reference->config);
  const bool wins = std::isfinite(expected) && std::isfinite(to_beat) && expected < to_beat;
  if (!wins) return std::nullopt;
  return Choice{fitted, n.distance, false, expected, to_beat / expected, n.entry.subject.source, s, best.provenance};
}

}  // namespace

std::optional<Choice> choose(std::span<const KnowledgeBase* const> bases, const Question& q, const Scorer& scorer,
                             const NearestOptions& options) {
  const Signature signature = make_signature(q.shape, q.context, q.target, q.policy);
  for (const KnowledgeBase* kb : bases) {
    const auto entry = kb->exact(signature, q.current);
    if (!entry) continue;
    if (auto choice = choose_exact(*entry, q)) return choice;
  }
  std::vector<Neighbour> neighbours;
  for (const KnowledgeBase* kb : bases)
    for (Neighbour& n : kb->nearest(signature, options, &q.current)) neighbours.push_back(std::move(n));
  if (neighbours.empty()) return std::nullopt;
  std::stable_sort(neighbours.begin(), neighbours.end(),
                   [](const Neighbour& a, const Neighbour& b) { return a.distance < b.distance; });
  const SearchSpace space = make_space(q.shape, q.context);
  for (const Neighbour& n : neighbours) {
    if (auto choice = choose_near(n, space, q, scorer)) return choice;
  }
  return std::nullopt;
}

std::string to_string(const Choice& c) {
  if (c.exact) return fmt::format("measured by {}: {:.0f} cycles", name_of(c.source), c.expected_cycles);
  return fmt::format("near (distance {:.2f}): {:.0f} cycles expected, {:.2f}x model-best, from {}", c.distance,
                     c.expected_cycles, c.gain, to_string(c.from));
}

}  // namespace ares::kb
