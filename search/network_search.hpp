// Whole-network search: which layers are fused, and the groups' configs, placement and buffering among them, judged by
// playing the network as one.
//
// It begins with the per-group winners put together, and with groups as one tile each, whose tensors can stay in L1.
// Then every layer that may join the one before it is tried there, kept where the whole network gains; then an
// evolution changes partitions and configs: a generation of children of the best programs so far, scored in parallel,
// told in order. A program is replaced only by a faster one, so the result is never slower than the winners.
#pragma once

#include <atomic>
#include <functional>

#include "search/network_choice.hpp"

namespace ares {

struct NetworkSearchOptions {
  uint64_t seed = 0;
  std::size_t most_plays = 2000;      ///< of whole networks
  bool change_configs = true;         ///< of groups that are not fused, too
  std::function<bool()> out_of_time;  ///< asked between generations; empty: never
};

struct NetworkSearch {
  PlayedNetwork best;         ///< the winners where nothing is faster
  double winners_cycles = 0;  ///< of the per-group winners as one program
  std::size_t plays = 0;
};

/// `winners`: the program of the tuner's results, unfused. `model` scores configs of single groups. Same arguments,
/// same result on any number of threads, unless out_of_time or `stop` cut it.
Result<NetworkSearch> search_network(const LayerGraph& graph, const Target& target, const PlanOptions& options,
                                     const PlayedNetwork& winners, const CostModel& model,
                                     const NetworkSearchOptions& search, const std::atomic<bool>& stop);

}  // namespace ares
