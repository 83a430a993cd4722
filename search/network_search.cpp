#include "search/network_search.hpp"

#include <tbb/parallel_for.h>

#include <algorithm>
#include <limits>
#include <map>
#include <random>

#include "cost_models/event.hpp"
#include "search/descent.hpp"

namespace ares {
namespace {

constexpr std::size_t survivors = 6, children = 16;
/// Generations without a gain after which the search ends.
constexpr int patience = 12;
/// Plays per group of the network.
constexpr std::size_t plays_per_group = 40;

/// A program: what is fused, and the config of each group by its name.
struct Program {
  Partition fused;
  std::map<std::string, Config> configs;
  double cycles = 0;
  double cold_cycles = 0;

  bool same_as(const Program& o) const { return fused == o.fused && configs == o.configs; }
};

/// Uniform in [0, n); the same on every platform.
std::size_t below(std::mt19937_64& random, std::size_t n) { return static_cast<std::size_t>(random() % n); }

class Search {
 public:
  Search(const LayerGraph& graph, const Target& target, const PlanOptions& options, const CostModel& model,
         const NetworkSearchOptions& search, const std::atomic<bool>& stop)
      : graph_(graph), target_(target), options_(options), model_(model), search_(search), stop_(stop) {}

  Result<NetworkSearch> run(const PlayedNetwork& winners) {
    single_ = make_groups(graph_);
    candidates_ = fusable(graph_, single_);
    random_.seed(search_.seed);
    Program first;
    for (const PlannedGroup& g : winners.program.groups) first.configs[g.group.name] = g.chosen.config;
    winners_ = first.configs;
    score(first);
    best_.push_back(first);
    most_plays_ = std::min(search_.most_plays, plays_per_group * (single_.size() + 1));
    keep_whole();
    join_one_by_one();
    keep_whole();
    evolve();
    return result(winners, first.cycles);
  }

 private:
  bool ended() const { return stop_ || plays_ >= most_plays_ || (search_.out_of_time && search_.out_of_time()); }

  Result<NetworkProgram> plan(const Program& p) const {
    PlanOptions options = options_;
    options.fused = p.fused;
    return plan_network(graph_, target_, options, [&](const Group& group, const Context&) -> Result<ChosenConfig> {
      const auto found = p.configs.find(group.name);
      if (found == p.configs.end()) return fail("group " + group.name + ": no config");
      return ChosenConfig{found->second, ConfigOrigin::search, "whole-network search"};
    });
  }

  void score(Program& p) const {
    const auto planned = plan(p);
    p.cycles = planned ? play(*planned, target_, false).total.cycles : std::numeric_limits<double>::infinity();
  }

  /// Keeps the fastest programs, each once.
  bool enter(const Program& p) {
    const bool gained = p.cycles < best_.front().cycles;
    for (const Program& known : best_)
      if (known.same_as(p)) return false;
    const auto slower =
        std::find_if(best_.begin(), best_.end(), [&](const Program& known) { return p.cycles < known.cycles; });
    best_.insert(slower, p);
    if (best_.size() > survivors) best_.pop_back();
    return gained;
  }

  auto groups_of(const Program& p) const {
    PlanOptions options = options_;
    options.fused = p.fused;
    return plan_contexts(graph_, target_, options);
  }

  /// Gives every group of the program's partition a config; false: the partition is none.
  bool complete(Program& p) {
    const auto groups = groups_of(p);
    if (!groups) return false;
    std::map<std::string, Config> configs;
    for (const GroupInContext& g : *groups) {
      const auto config = config_of(p, g);
      if (!config) return false;
      configs[g.group.name] = *config;
    }
    p.configs = std::move(configs);
    return true;
  }

  std::optional<Config> config_of(const Program& p, const GroupInContext& g) {
    if (const auto known = p.configs.find(g.group.name); known != p.configs.end()) return known->second;
    if (const auto known = winners_.find(g.group.name); known != winners_.end()) return known->second;
    for (const auto& [context, shape, config] : descended_)
      if (shape == g.group.shape && context == g.context) return config;
    const auto found = descend(model_, {g.group.shape, g.context, target_}, starts_of(g.group), stop_);
    const std::optional<Config> config = found ? std::optional(found->config) : std::nullopt;
    descended_.push_back({g.context, g.group.shape, config});
    return config;
  }

  /// The winners of its layers; for the first one also on the other engine.
  std::vector<Config> starts_of(const Group& group) const {
    std::vector<Config> starts;
    const std::string first = group.name.substr(0, group.name.find('+'));
    const std::string last = group.name.substr(group.name.rfind('+') + 1);
    for (const std::string& name : {first, last}) {
      const auto winner = winners_.find(name);
      if (winner == winners_.end()) continue;
      Config c = winner->second;
      if (const auto tail = winners_.find(last); tail != winners_.end() && group.shape.weighted_tail())
        c[Knob::kernel2] = tail->second[Knob::kernel];
      starts.push_back(c);
      c[Knob::kernel] = on_accelerator(c) ? 1 : accelerator_kernel;
      c[Knob::share] = 0;
      starts.push_back(c);
    }
    return starts;
  }

  /// Each candidate once, in order, on the best program so far; kept where the network gains.
  void join_one_by_one() {
    for (const int position : candidates_) {
      if (ended()) return;
      Program p = best_.front();
      if (std::find(p.fused.begin(), p.fused.end(), position) != p.fused.end()) continue;
      toggle(p, position);
      if (!complete(p)) continue;
      Program as_one_tile = p;
      score(p);
      ++plays_;
      if (search_.change_configs && make_whole(as_one_tile, best_.front())) {
        score(as_one_tile);
        ++plays_;
        enter(as_one_tile);
      }
      enter(p);
    }
  }

  /// The groups that `before` has not as one tile each; false: none changes.
  bool make_whole(Program& p, const Program& before) const {
    const auto groups = groups_of(p);
    if (!groups) return false;
    bool changed = false;
    for (const GroupInContext& g : *groups) {
      if (before.configs.contains(g.group.name)) continue;
      Config& own = p.configs[g.group.name];
      const auto config = whole(g, own);
      if (!config || *config == own) continue;
      own = *config;
      changed = true;
    }
    return changed;
  }

  /// The config's kernels on one tile that is the whole group: neither copies run ahead nor odometers turn, and tensors
  /// can stay in L1 for the next group. Alone a group gains little by it, so that no winner is like that where two
  /// neighbours would gain. Nothing where L1 is too small.
  static std::optional<Config> whole(const GroupInContext& g, Config c) {
    for (const KnobRange& k : make_space(g.group.shape, g.context).knobs) {
      if (k.knob <= Knob::tile_ci)
        c[k.knob] = k.values.back();
      else if (k.knob >= Knob::buf_in && k.knob <= Knob::order && k.knob != Knob::buf_l2)
        c[k.knob] = k.values.front();
    }
    if (check(g.group.shape, g.context, c)) return std::nullopt;
    return c;
  }

  /// Groups whole, from the best program on: all of them, then each together with the one behind it.
  void keep_whole() {
    const auto groups = groups_of(best_.front());
    if (!groups || !search_.change_configs) return;
    const std::size_t n = groups->size();
    try_whole(*groups, 0, n);
    for (std::size_t i = 0; i < n && !ended(); ++i) try_whole(*groups, i, std::min(i + 2, n));
  }

  void try_whole(const std::vector<GroupInContext>& groups, std::size_t from, std::size_t to) {
    Program p = best_.front();
    bool changed = false;
    for (std::size_t i = from; i < to; ++i) {
      Config& own = p.configs[groups[i].group.name];
      const auto config = whole(groups[i], own);
      if (!config || *config == own) continue;
      own = *config;
      changed = true;
    }
    if (!changed) return;
    score(p);
    ++plays_;
    enter(p);
  }

  static void toggle(Program& p, int position) {
    const auto at = std::lower_bound(p.fused.begin(), p.fused.end(), position);
    if (at != p.fused.end() && *at == position)
      p.fused.erase(at);
    else
      p.fused.insert(at, position);
  }

  void evolve() {
    for (int quiet = 0; quiet < patience && !ended();) {
      std::vector<Program> born;
      for (std::size_t i = 0; i < children; ++i) {
        Program child = best_[std::min(below(random_, best_.size()), below(random_, best_.size()))];
        if (mutate(child)) born.push_back(std::move(child));
      }
      tbb::parallel_for(std::size_t{0}, born.size(), [&](std::size_t i) { score(born[i]); });
      plays_ += std::max<std::size_t>(born.size(), 1);
      bool gained = false;
      for (const Program& child : born) gained = enter(child) || gained;
      quiet = gained ? 0 : quiet + 1;
    }
  }

  /// One to three changes; false: none was possible.
  bool mutate(Program& p) {
    bool changed = false;
    for (std::size_t left = 1 + below(random_, 3); left > 0; --left) {
      const bool partition = !candidates_.empty() && below(random_, 3) == 0;
      changed = (partition ? change_partition(p) : change_config(p)) || changed;
    }
    return changed;
  }

  bool change_partition(Program& p) {
    Program changed = p;
    toggle(changed, candidates_[below(random_, candidates_.size())]);
    if (!complete(changed)) return false;
    p = std::move(changed);
    return true;
  }

  /// Another value of one knob of one group.
  bool change_config(Program& p) {
    const auto groups = groups_of(p);
    if (!groups) return false;
    const GroupInContext& g = (*groups)[below(random_, groups->size())];
    if (g.group.shape.tail_count == 0 && !search_.change_configs) return false;
    const SearchSpace space = make_space(g.group.shape, g.context);
    const KnobRange& knob = space.knobs[below(random_, space.knobs.size())];
    Config c = p.configs[g.group.name];
    c[knob.knob] = knob.values[below(random_, knob.values.size())];
    if (c == p.configs[g.group.name] || check(space, c)) return false;
    p.configs[g.group.name] = c;
    return true;
  }

  Result<NetworkSearch> result(const PlayedNetwork& winners, double winners_cycles) const {
    NetworkSearch found;
    found.winners_cycles = winners_cycles;
    found.plays = plays_;
    if (best_.front().cycles >= winners_cycles) {
      found.best = winners;
      return found;
    }
    auto program = plan(best_.front());
    if (!program) return tl::unexpected(program.error());
    found.best.program = std::move(*program);
    found.best.cycles = best_.front().cycles;
    found.best.cold_cycles = play(found.best.program, target_, true).total.cycles;
    found.best.costs = winners.costs;
    found.best.costs.cycles = found.best.cycles;
    return found;
  }

  struct Descended {
    Context context;
    GroupShape shape;
    std::optional<Config> config;
  };

  const LayerGraph& graph_;
  const Target& target_;
  const PlanOptions& options_;
  const CostModel& model_;
  const NetworkSearchOptions& search_;
  const std::atomic<bool>& stop_;
  std::vector<Group> single_;
  Partition candidates_;
  std::map<std::string, Config> winners_;
  std::vector<Program> best_;  ///< the fastest first; never empty
  std::vector<Descended> descended_;
  std::mt19937_64 random_;
  std::size_t plays_ = 0, most_plays_ = 0;
};

}  // namespace

Result<NetworkSearch> search_network(const LayerGraph& graph, const Target& target, const PlanOptions& options,
                                     const PlayedNetwork& winners, const CostModel& model,
                                     const NetworkSearchOptions& search, const std::atomic<bool>& stop) {
  return Search(graph, target, options, model, search, stop).run(winners);
}

}  // namespace ares
