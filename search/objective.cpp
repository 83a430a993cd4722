#include "search/objective.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/algorithm/string.hpp>
#include <cmath>

#include "core/lower/lower.hpp"

namespace ares {
namespace {

constexpr std::array<const char*, 5> names{"cycles", "energy", "l1", "l2", "weighted"};

/// Between configs of the same memory.
constexpr double tie_break = 1e-9;

Result<Costs> parse_weights(const std::string& text) {
  Costs weights{0, 0, 0, 0};
  std::vector<std::string> parts;
  boost::split(parts, text, boost::is_any_of(","));
  for (const std::string& part : parts) {
    const std::size_t equals = part.find('=');
    const std::string name = part.substr(0, equals);
    double* weight = name == "cycles"   ? &weights.cycles
                     : name == "energy" ? &weights.energy_pj
                     : name == "l1"     ? &weights.l1_bytes
                     : name == "l2"     ? &weights.l2_bytes
                                        : nullptr;
    char* end = nullptr;
    const std::string number = equals == std::string::npos ? "" : part.substr(equals + 1);
    const double value = std::strtod(number.c_str(), &end);
    if (weight == nullptr || number.empty() || *end != '\0' || !(value >= 0 && value <= 100))
      return fail(fmt::format("--weights {}: write cycles=1,energy=0.5,l1=0.1,l2=0", text));
    *weight = value;
  }
  return weights;
}

class ScoredModel final : public CostModel {
 public:
  ScoredModel(const Objective& objective, const CostModel& model) : objective_(objective), model_(model) {}
  std::string name() const override { return model_.name(); }
  void estimate(const Query& query, std::span<const Config> configs, std::span<Estimate> estimates) const override {
    model_.estimate(query, configs, estimates);
    for (std::size_t i = 0; i < configs.size(); ++i)
      if (estimates[i].feasible)
        estimates[i].cycles = objective_.score(costs_of(objective_, query, configs[i], estimates[i].cycles));
  }

 private:
  Objective objective_;
  const CostModel& model_;
};

bool no_worse(const Costs& a, const Costs& b) {
  return a.cycles <= b.cycles && a.energy_pj <= b.energy_pj && a.l1_bytes <= b.l1_bytes;
}

}  // namespace

std::string Objective::name() const { return names[static_cast<std::size_t>(kind)]; }

double Objective::score(const Costs& c) const {
  switch (kind) {
    case ObjectiveKind::cycles:
      return c.cycles;
    case ObjectiveKind::energy:
      return c.energy_pj;
    case ObjectiveKind::l1:
      return c.l1_bytes + tie_break * c.cycles;
    case ObjectiveKind::l2:
      return 1 + c.l2_bytes + tie_break * c.cycles;
    case ObjectiveKind::weighted:
      return std::pow(c.cycles, weights.cycles) * std::pow(c.energy_pj, weights.energy_pj) *
             std::pow(1 + c.l1_bytes, weights.l1_bytes) * std::pow(1 + c.l2_bytes, weights.l2_bytes);
  }
  return c.cycles;
}

Result<Objective> make_objective(const std::string& name, const std::string& weights, const std::string& target) {
  Objective o;
  if (name == "warm") return o;
  const auto known = std::find(names.begin(), names.end(), name);
  if (known == names.end()) return fail(fmt::format("--objective {}: one of cycles, energy, l1, l2, weighted", name));
  o.kind = static_cast<ObjectiveKind>(known - names.begin());
  if (o.is_cycles()) return o;
  if (o.kind == ObjectiveKind::weighted) {
    auto parsed = parse_weights(weights);
    if (!parsed) return tl::unexpected(parsed.error());
    o.weights = *parsed;
  }
  auto energy = load_energy(target);
  if (!energy) return fail(fmt::format("--objective {}: {}", name, energy.error().what));
  o.energy = *energy;
  return o;
}

double energy_pj(const EnergyTable& t, const Target& target, const Estimate& busy) {
  const double l2_bytes = busy.dma_in * target.dma.bytes_per_cycle_in + busy.dma_out * target.dma.bytes_per_cycle_out;
  return busy.cycles * t.idle_cycle + busy.compute * t.compute_cycle + busy.accelerator * t.accelerator_cycle +
         l2_bytes * t.l2_byte + busy.l3 * target.l3.bytes_per_cycle_read * t.l3_byte;
}

Costs costs_of(const Objective& objective, const Query& query, const Config& config, double cycles) {
  static const std::shared_ptr<const CostModel> analytical = *make_cost_model("analytical");
  Costs costs{cycles, 0, 0, 0};
  Estimate busy = estimate(*analytical, query, config);
  busy.cycles = cycles;
  costs.energy_pj = energy_pj(objective.energy, query.target, busy);
  costs.l1_bytes = busy.l1_bytes;
  TileProgram program;
  if (lower_into(query.shape, config, query.context, program)) costs.l2_bytes = program.l2_bytes;
  return costs;
}

std::shared_ptr<const CostModel> scored_by(const Objective& objective, const CostModel& model) {
  return std::make_shared<ScoredModel>(objective, model);
}

void ParetoFront::add(const Config& config, const Costs& costs) {
  if (!std::isfinite(costs.cycles)) return;
  for (const Point& p : points_)
    if (no_worse(p.costs, costs)) return;
  std::erase_if(points_, [&](const Point& p) { return no_worse(costs, p.costs); });
  const auto place =
      std::find_if(points_.begin(), points_.end(), [&](const Point& p) { return costs.cycles < p.costs.cycles; });
  points_.insert(place, {config, costs});
}

}  // namespace ares
