// The last step of tuning: the tuned and the two untuned programs of the whole network are played, and the fastest is
// kept. A tuned program is never slower.
#pragma once

#include <array>
#include <cstddef>
#include <optional>

#include "core/plan/network_program.hpp"
#include "search/tuner.hpp"

namespace ares {

/// A whole network with its cycles by the event simulator.
struct PlayedNetwork {
  NetworkProgram program;
  double cycles = 0;       ///< warm
  double cold_cycles = 0;  ///< first inference
  Costs costs;             ///< of the warm run; energy where the objective is not cycles
};

enum class Variant : uint8_t { tuned, model_best, rule };
inline constexpr std::array variants{Variant::tuned, Variant::model_best, Variant::rule};

struct NetworkChoice {
  std::array<PlayedNetwork, variants.size()> played;
  Variant kept = Variant::tuned;          ///< the best by the objective; of equals the first of `variants`
  std::optional<PlayedNetwork> searched;  ///< what the whole-network search made of it, where that is faster
  std::size_t plays = 0;                  ///< of whole networks by that search

  const PlayedNetwork& of(Variant v) const { return played[static_cast<std::size_t>(v)]; }
  const PlayedNetwork& best() const { return searched ? *searched : of(kept); }
};

/// What a variant takes for the group at a position of the network, and where that came from.
ChosenConfig config_of(const Tuner& tuner, std::size_t group, Variant v);

/// The warm cycles of that config by the tuner's measurer.
double cycles_of(const Tuner& tuner, std::size_t group, Variant v);

/// Plans and plays all three. A pinned group has its pin in each. Needs the tuner's baseline.
Result<NetworkChoice> choose_network(const LayerGraph& graph, const Target& target, const PlanOptions& options,
                                     const Tuner& tuner);

}  // namespace ares
