#include "search/descent.hpp"

namespace ares {
namespace {

constexpr int most_sweeps = 8;

/// One sweep over all knobs, each with all its values scored as a batch; true: something was gained.
bool sweep(const CostModel& model, const Query& query, const SearchSpace& space, ScoredConfig& at) {
  const double before = at.cycles;
  std::vector<Config> configs;
  std::vector<Estimate> estimates;
  for (const KnobRange& k : space.knobs) {
    configs.clear();
    for (const uint16_t value : k.values) {
      Config c = at.config;
      c[k.knob] = value;
      if (value != at.config[k.knob] && !check(space, c)) configs.push_back(c);
    }
    estimates.assign(configs.size(), {});
    model.estimate(query, configs, estimates);
    for (size_t i = 0; i < configs.size(); ++i)
      if (estimates[i].feasible && estimates[i].cycles < at.cycles) at = {configs[i], estimates[i].cycles};
  }
  return at.cycles < before;
}

/// The start itself, or with single buffers, or with ever smaller rows, until it fits.
std::optional<Config> made_feasible(const SearchSpace& space, const Config& start) {
  Config c = fit_config(space, start);
  if (!check(space, c)) return c;
  for (const Knob k : {Knob::buf_in, Knob::buf_w, Knob::buf_out})
    if (c[k] > 1) c[k] = 1;
  for (; c[Knob::tile_h] > 1 || c[Knob::tile_w] > 1; (c[Knob::tile_h] > 1 ? c[Knob::tile_h] : c[Knob::tile_w]) /= 2) {
    const Config fitted = fit_config(space, c);
    if (!check(space, fitted)) return fitted;
  }
  const Config fitted = fit_config(space, c);
  if (!check(space, fitted)) return fitted;
  return std::nullopt;
}

}  // namespace

std::optional<ScoredConfig> descend(const CostModel& model, const Query& query, const std::vector<Config>& starts,
                                    const std::atomic<bool>& stop) {
  const SearchSpace space = make_space(query.shape, query.context);
  std::vector<Config> all = starts;
  if (const auto rule = rule_config(space)) all.push_back(*rule);
  std::optional<ScoredConfig> best;
  for (const Config& start : all) {
    const auto feasible = made_feasible(space, start);
    if (!feasible || stop) continue;
    ScoredConfig at{*feasible, estimate(model, query, *feasible).cycles};
    for (int i = 0; i < most_sweeps && !stop && sweep(model, query, space, at); ++i) continue;
    if (!best || at.cycles < best->cycles) best = at;
  }
  return best;
}

}  // namespace ares
