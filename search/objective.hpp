// What tuning makes small: cycles, energy, memory, or a weighted product of them. Measurements are cycles always, and
// so is what the knowledge base remembers; the other costs follow from the config and from the cost model's parts.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/target/energy.hpp"
#include "cost_models/cost_model.hpp"

namespace ares {

enum class ObjectiveKind : uint8_t { cycles, energy, l1, l2, weighted };

/// What a config costs.
struct Costs {
  double cycles = 0;
  double energy_pj = 0;  ///< by the target's energy table: a model
  double l1_bytes = 0, l2_bytes = 0;
};

struct Objective {
  ObjectiveKind kind = ObjectiveKind::cycles;
  Costs weights{1, 0, 0, 0};  ///< of `weighted`: exponents
  EnergyTable energy;

  bool is_cycles() const { return kind == ObjectiveKind::cycles; }
  std::string name() const;
  /// Smaller is better, more than 0. Of memory, cycles decide between equals.
  double score(const Costs& costs) const;
};

/// `warm` and `cycles`, `energy`, `l1`, `l2`, or `weighted` with weights such as `cycles=1,energy=0.5,l1=0.1`; the
/// target's energy table is needed for all but cycles.
Result<Objective> make_objective(const std::string& name, const std::string& weights, const std::string& target);

/// Of a config that takes so many cycles by whatever measured it; the busy times are the analytical model's.
Costs costs_of(const Objective& objective, const Query& query, const Config& config, double cycles);

/// Energy of what kept the machine's parts busy for so long.
double energy_pj(const EnergyTable& table, const Target& target, const Estimate& busy);

/// A model whose cycles are the objective's score of another model's.
std::shared_ptr<const CostModel> scored_by(const Objective& objective, const CostModel& model);

/// Configs of which none is better than another in cycles, energy and L1 at once.
class ParetoFront {
 public:
  struct Point {
    Config config;
    Costs costs;
  };
  void add(const Config& config, const Costs& costs);
  const std::vector<Point>& points() const { return points_; }  ///< fewest cycles first

 private:
  std::vector<Point> points_;
};

}  // namespace ares
