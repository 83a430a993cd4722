#include "cost_models/model_best.hpp"

#include <algorithm>

namespace ares {
namespace {

/// Scores configs in batches and keeps the best ones, the best first; of equals the first scored.
class Ranking {
 public:
  Ranking(const CostModel& model, const Query& query, size_t kept) : model_(model), query_(query), kept_(kept) {}

  void add(const Config& c) {
    configs_.push_back(c);
    if (configs_.size() == batch) score();
  }

  const std::vector<BestByModel>& best() {
    score();
    return best_;
  }

 private:
  static constexpr size_t batch = 1024;

  void score() {
    estimates_.resize(configs_.size());
    model_.estimate(query_, configs_, estimates_);
    for (size_t i = 0; i < configs_.size(); ++i)
      if (estimates_[i].feasible) insert({configs_[i], estimates_[i]});
    configs_.clear();
  }

  void insert(const BestByModel& one) {
    if (best_.size() == kept_ && one.estimate.cycles >= best_.back().estimate.cycles) return;
    const auto slower = [](const BestByModel& a, const BestByModel& b) {
      return a.estimate.cycles < b.estimate.cycles;
    };
    best_.insert(std::upper_bound(best_.begin(), best_.end(), one, slower), one);
    if (best_.size() > kept_) best_.pop_back();
  }

  const CostModel& model_;
  const Query& query_;
  size_t kept_;
  std::vector<Config> configs_;
  std::vector<Estimate> estimates_;
  std::vector<BestByModel> best_;
};

/// The rule's config and the best of samples that lie evenly in the space.
std::vector<BestByModel> starts(const CostModel& model, const Query& query, const SearchSpace& space) {
  constexpr uint64_t samples = 1 << 14;
  constexpr size_t kept = 2;
  constexpr double golden = 0.6180339887498949;  // multiples of it, modulo 1, are spread evenly
  Ranking ranking(model, query, kept);
  const uint64_t raw = space.raw_size(), stride = static_cast<uint64_t>(golden * static_cast<double>(raw));
  for (uint64_t i = 0, index = 0; i < samples; ++i, index = (index + stride) % raw) {
    const Config c = space.config(index);
    if (!check(space, c)) ranking.add(c);
  }
  std::vector<BestByModel> all = ranking.best();
  if (const auto rule = rule_config(space)) all.push_back({*rule, estimate(model, query, *rule)});
  return all;
}

/// The best config that differs from `at` in two knobs at most, `at` itself where none is better.
BestByModel best_around(const CostModel& model, const Query& query, const SearchSpace& space, const BestByModel& at) {
  Ranking ranking(model, query, 1);
  for (size_t i = 0; i < space.knobs.size(); ++i) {
    for (size_t j = i + 1; j < space.knobs.size(); ++j) {
      Config c = at.config;
      for (const uint16_t first : space.knobs[i].values) {
        c[space.knobs[i].knob] = first;
        for (const uint16_t second : space.knobs[j].values) {
          c[space.knobs[j].knob] = second;
          if (!check(space, c)) ranking.add(c);
        }
      }
    }
  }
  const auto& best = ranking.best();
  return !best.empty() && best.front().estimate.cycles < at.estimate.cycles ? best.front() : at;
}

std::optional<BestByModel> descended(const CostModel& model, const Query& query, const SearchSpace& space) {
  std::optional<BestByModel> best;
  for (BestByModel at : starts(model, query, space)) {
    for (double before = 0; at.estimate.cycles != before;) {
      before = at.estimate.cycles;
      at = best_around(model, query, space, at);
    }
    if (!best || at.estimate.cycles < best->estimate.cycles) best = at;
  }
  return best;
}

}  // namespace

std::optional<BestByModel> best_by_model(const CostModel& model, const Query& query, uint64_t most) {
  const SearchSpace space = make_space(query.shape, query.context);
  if (space.raw_size() > most) {
    if (auto best = descended(model, query, space)) return best;
  }
  Ranking ranking(model, query, 1);
  for_each_feasible(space, [&](uint64_t, const Config& c) {
    ranking.add(c);
    return true;
  });
  const auto& best = ranking.best();
  return best.empty() ? std::nullopt : std::optional(best.front());
}

ModelBests::ModelBests(std::shared_ptr<const CostModel> model, const Target& target)
    : model_(std::move(model)), target_(target) {}

std::optional<BestByModel> ModelBests::operator()(const GroupShape& shape, const Context& context) {
  const auto known = std::find_if(answers_.begin(), answers_.end(),
                                  [&](const Answer& a) { return a.shape == shape && a.context == context; });
  if (known != answers_.end()) return known->best;
  answers_.push_back({shape, context, best_by_model(*model_, {shape, context, target_})});
  return answers_.back().best;
}

}  // namespace ares
