#include "core/check/check_report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <unordered_set>

#include "core/base/text_table.hpp"

namespace ares {
namespace {

using Json = nlohmann::ordered_json;

/// The worst finding of each node that has one.
using Worst = std::unordered_map<std::string, Severity>;

Worst worst_of(const std::vector<Finding>& findings) {
  Worst worst;
  for (const Finding& f : findings) {
    const auto [known, fresh] = worst.try_emplace(f.node, f.severity);
    if (!fresh) known->second = std::max(known->second, f.severity);
  }
  worst.erase("");
  return worst;
}

NodeStatus status_of(const CheckedNode& node, const Worst& worst) {
  const auto found = worst.find(node.name);
  if (found == worst.end()) return node.judged ? NodeStatus::supported : NodeStatus::unknown;
  return found->second == Severity::unsupported ? NodeStatus::unsupported : NodeStatus::warning;
}

std::string dims_text(const Dims& d) {
  return d.h == 1 && d.w == 1 ? fmt::format("{}", d.c) : fmt::format("{}x{}x{}", d.h, d.w, d.c);
}

void add_group(NodeReport& node, const CheckedGroup& g, const LayerGraph& layers) {
  const GroupShape& s = g.group.shape;
  const Layer& layer = layers.dag[g.group.layers.front()];
  const Tensor& out = layers.tensors[static_cast<std::size_t>(layer.output)];
  node.runs = true;
  node.shape = fmt::format("{} > {}", dims_text(input_dims(layers, g.group.layers.front())), dims_text(out.dims));
  node.macs += s.macs();
  node.constant_bytes += uint64_t{s.weights_size()} + s.params_size();
  node.output_bytes = static_cast<uint64_t>(out.dims.count()) * static_cast<uint64_t>(element_bytes(out.type));
  node.streamed = g.context.weights == Level::l3;
  if (!g.cost) return;
  node.l1_bytes = std::max(node.l1_bytes, g.cost->l1_bytes);
  node.cycles += g.cost->cycles;
  node.bottleneck = g.cost->bottleneck;
}

/// Nodes that a finding names and that are gone since: constants' quantisers.
void add_folded(const ModelCheck& check, const Worst& worst, std::vector<NodeReport>& nodes) {
  std::unordered_set<std::string> known;
  for (const NodeReport& n : nodes) known.insert(n.name);
  for (const Finding& f : check.findings) {
    if (f.node.empty() || !known.insert(f.node).second) continue;
    NodeReport node{};
    node.name = f.node;
    node.op = f.op;
    node.status = status_of({f.node, f.op, f.tensor, true}, worst);
    nodes.push_back(std::move(node));
  }
}

std::vector<std::string> row(const NodeReport& n) {
  const auto figure = [&](double v) { return n.runs && v > 0 ? grouped(v) : "-"; };
  return {n.name,
          n.op,
          name_of(n.status),
          n.shape,
          figure(static_cast<double>(n.macs)),
          figure(n.l1_bytes),
          figure(static_cast<double>(n.constant_bytes)) + (n.streamed ? " L3" : ""),
          figure(static_cast<double>(n.output_bytes)),
          figure(n.cycles),
          n.runs && n.cycles > 0 ? fmt::format("{:.1f} %", 100 * n.share) : "-",
          n.bottleneck};
}

std::string node_table(const CheckReport& r) {
  std::vector<std::vector<std::string>> rows;
  std::size_t silent = 0;
  for (const NodeReport& n : r.nodes) {
    if (n.runs || n.status != NodeStatus::supported)
      rows.push_back(row(n));
    else
      ++silent;
  }
  std::string text = text_table({{"node"},
                                 {"operation"},
                                 {"status"},
                                 {"shape"},
                                 {"MACs", true},
                                 {"L1", true},
                                 {"constants", true},
                                 {"output", true},
                                 {"cycles", true},
                                 {"share", true},
                                 {"bound by"}},
                                rows);
  if (silent)
    text += fmt::format("\n{} more nodes are part of these layers, run on the host or move nothing.\n", silent);
  return text;
}

std::string where(const Finding& f) {
  if (f.node.empty()) return f.tensor.empty() ? "the model" : fmt::format("tensor '{}'", f.tensor);
  return fmt::format("{}{}", f.node, f.op.empty() ? "" : fmt::format(" ({})", f.op));
}

/// Findings with the same change and text are listed together.
std::string finding_text(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& f : findings) {
    text += fmt::format("\n{}: {}: {}\n    change: {}\n", name_of(f.severity), where(f), f.what, f.change);
  }
  return text;
}

std::string memory_text(const MemoryNeed& m) {
  const auto per_cent = [](double part, double whole) { return whole > 0 ? 100 * part / whole : 0; };
  const auto line = [&](const char* level, double need, double have, const std::string& note) {
    return std::vector<std::string>{level, grouped(need), grouped(have), fmt::format("{:.1f} %", per_cent(need, have)),
                                    note};
  };
  return text_table(
      {{"memory"}, {"bytes", true}, {"of", true}, {"", true}, {"holds"}},
      {line("L1", double(m.l1) + m.l1_stacks, m.l1_size,
            fmt::format("tiles of the largest layer {}, stacks {}", grouped(m.l1), grouped(m.l1_stacks))),
       line("L2", double(m.arena) + m.constants, m.l2_size,
            fmt::format("activations and staging {}, resident constants {}", grouped(m.arena), grouped(m.constants))),
       line("L3", static_cast<double>(m.l3), static_cast<double>(m.l3_size), "image of all constants")});
}

std::string summary(const CheckReport& r) {
  const std::size_t bad = r.count(Severity::unsupported), warnings = r.count(Severity::warning);
  const auto plural = [](std::size_t n, const char* what) {
    return fmt::format("{} {}{}", n, what, n == 1 ? "" : "s");
  };
  if (bad)
    return fmt::format("{} cannot be deployed: {}, {}.\n", r.file, fmt::format("{} unsupported", bad),
                       plural(warnings, "warning"));
  return fmt::format("{} can be deployed on {}: {}.\n", r.file, r.target,
                     warnings ? plural(warnings, "warning") : "no findings");
}

Json node_json(const NodeReport& n) {
  Json j{{"name", n.name}, {"op", n.op}, {"status", name_of(n.status)}};
  if (!n.runs) return j;
  j.update(Json{{"macs", n.macs},
                {"l1_bytes", n.l1_bytes},
                {"constant_bytes", n.constant_bytes},
                {"constants_in", n.streamed ? "L3" : "L2"},
                {"output_bytes", n.output_bytes},
                {"cycles", n.cycles},
                {"share", n.share},
                {"bottleneck", n.bottleneck}});
  return j;
}

Json memory_json(const MemoryNeed& m) {
  return {{"l1", {{"tiles", m.l1}, {"stacks", m.l1_stacks}, {"size", m.l1_size}}},
          {"l2", {{"arena", m.arena}, {"constants", m.constants}, {"size", m.l2_size}}},
          {"l3", {{"image", m.l3}, {"size", m.l3_size}}}};
}

}  // namespace

const char* name_of(NodeStatus s) {
  constexpr const char* names[] = {"supported", "warning", "unsupported", "unknown"};
  return names[static_cast<std::size_t>(s)];
}

const char* name_of(Severity s) { return s == Severity::warning ? "warning" : "unsupported"; }

std::size_t CheckReport::count(Severity s) const {
  return static_cast<std::size_t>(
      std::count_if(findings.begin(), findings.end(), [&](const Finding& f) { return f.severity == s; }));
}

NodeStatus CheckReport::status() const {
  if (count(Severity::unsupported)) return NodeStatus::unsupported;
  return findings.empty() ? NodeStatus::supported : NodeStatus::warning;
}

CheckReport make_report(const ModelCheck& check, const Deployment& deployment, const Target& target, int cores) {
  CheckReport r;
  r.file = check.file;
  r.target = target.name;
  r.requant = check.layers.policy == RequantPolicy::fast ? "fast" : "exact";
  r.cores = cores;
  r.macs = deployment.macs;
  r.cycles = deployment.cycles;
  r.memory = deployment.memory;
  r.findings = check.findings;
  std::stable_sort(r.findings.begin(), r.findings.end(),
                   [](const Finding& a, const Finding& b) { return a.severity > b.severity; });
  const Worst worst = worst_of(check.findings);
  std::map<std::string, std::size_t> index;
  for (const CheckedNode& n : check.nodes) {
    index.emplace(n.name, r.nodes.size());
    NodeReport node{};
    node.name = n.name;
    node.op = n.op;
    node.status = status_of(n, worst);
    r.nodes.push_back(std::move(node));
  }
  for (const CheckedGroup& g : deployment.groups) {
    const auto at = index.find(check.layers.dag[g.group.layers.front()].model_node);
    if (at != index.end()) add_group(r.nodes[at->second], g, check.layers);
  }
  for (NodeReport& n : r.nodes) n.share = r.cycles > 0 ? n.cycles / r.cycles : 0;
  add_folded(check, worst, r.nodes);
  return r;
}

std::string to_text(const CheckReport& r) {
  std::string text =
      fmt::format("{} for {}, {} cores, requantisation {}\n\n{}", r.file, r.target, r.cores, r.requant, node_table(r));
  if (r.memory) text += "\n" + memory_text(*r.memory);
  text +=
      fmt::format("\n{} multiply-accumulates, {} cycles by the analytical model (each layer's best config, added up)",
                  grouped(static_cast<double>(r.macs)), grouped(r.cycles));
  if (r.network) {
    text += fmt::format("; the whole network by the event simulator: {} warm, {} cold", grouped(r.network->warm),
                        grouped(r.network->cold));
  }
  if (r.status() == NodeStatus::unsupported) text += ", of what is supported";
  return text + ".\n" + finding_text(r.findings) + "\n" + summary(r);
}

std::string to_json(const CheckReport& r) {
  Json j{{"schema_version", 1},  {"model", r.file},  {"target", r.target},
         {"requant", r.requant}, {"cores", r.cores}, {"status", name_of(r.status())}};
  j["nodes"] = Json::array();
  for (const NodeReport& n : r.nodes) j["nodes"].push_back(node_json(n));
  j["findings"] = Json::array();
  for (const Finding& f : r.findings) {
    j["findings"].push_back({{"severity", name_of(f.severity)},
                             {"cause", f.cause},
                             {"node", f.node},
                             {"op", f.op},
                             {"tensor", f.tensor},
                             {"what", f.what},
                             {"change", f.change}});
  }
  j["macs"] = r.macs;
  j["model_cycles"] = r.cycles;
  if (r.network) j["event_cycles"] = {{"warm", r.network->warm}, {"cold", r.network->cold}};
  if (r.memory) j["memory"] = memory_json(*r.memory);
  return j.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ares
