// The result of a check, for people and for programs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "core/check/deployment.hpp"

namespace ares {

/// unknown: what it depends on is not supported, so it could not be judged.
enum class NodeStatus : uint8_t { supported, warning, unsupported, unknown };

const char* name_of(NodeStatus s);
const char* name_of(Severity s);

/// A node of the model with what its layer takes; nodes that became part of another one's layer, or move nothing, have
/// no figures.
struct NodeReport {
  std::string name, op;
  NodeStatus status = NodeStatus::supported;
  bool runs = false;  ///< has a layer, and so figures
  std::string shape;  ///< rows x columns x channels, in > out
  int64_t macs = 0;
  uint32_t l1_bytes = 0;
  uint64_t constant_bytes = 0, output_bytes = 0;
  bool streamed = false;  ///< the constants, from L3
  double cycles = 0, share = 0;
  std::string bottleneck;
};

/// Cycles of the whole network, played as one by the event simulator.
struct NetworkCycles {
  double warm = 0, cold = 0;
};

struct CheckReport {
  std::string file, target, requant;
  int cores = 0;
  std::vector<NodeReport> nodes;
  std::vector<Finding> findings;  ///< unsupported first
  std::optional<MemoryNeed> memory;
  std::optional<NetworkCycles> network;
  int64_t macs = 0;
  double cycles = 0;  ///< sum of the nodes' estimates

  std::size_t count(Severity s) const;
  NodeStatus status() const;  ///< of the model: never unknown
};

CheckReport make_report(const ModelCheck& check, const Deployment& deployment, const Target& target, int cores);

/// Table of nodes, findings, summary.
std::string to_text(const CheckReport& report);
std::string to_json(const CheckReport& report);

}  // namespace ares
