// report.md: what was decided for each group, and what memory it takes.
#include <fmt/format.h>

#include "codegen/c_text.hpp"
#include "codegen/sources.hpp"
#include "core/ir/graph.hpp"

namespace ares {
namespace {

const Requant* constants_of(const ProjectInput& in, const PlannedGroup& g) {
  return requant_of(in.graph.dag[g.group.layers.front()].op);
}

const char* form_name(RequantForm f) {
  static constexpr const char* names[] = {"narrow", "wide", "raw"};
  return names[static_cast<size_t>(f)];
}

std::string requant_text(const ProjectInput& in, const PlannedGroup& g) {
  const Requant* r = constants_of(in, g);
  if (!r) return "-";
  if (r->form == RequantForm::raw) return "raw";
  return fmt::format("{}, {}, deviation {:.3g}", form_name(r->form),
                     r->rounding == Rounding::half_even ? "half even" : "half up", r->deviation);
}

double per_cent(uint64_t part, uint64_t whole) {
  return whole == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(whole);
}

std::string memory_section(const ProjectInput& in) {
  const NetworkProgram& n = in.program;
  const uint64_t stacks = static_cast<uint64_t>(n.cores) * n.stack;
  const uint64_t l2 = uint64_t{n.arena_bytes} + n.l2_constant_bytes;
  std::string text = "## Memory\n\n| memory | bytes | of |\n|---|--:|--:|\n";
  text += fmt::format("| L1 tiles, largest group | {} | {} |\n", grouped(n.l1_bytes), grouped(in.target.l1_bytes));
  text += fmt::format("| L1 stacks, {} x {:#x} | {} | |\n", n.cores, n.stack, grouped(stacks));
  text += fmt::format("| L2 arena | {} | lower bound {} (+{:.1f} %) |\n", grouped(n.arena_bytes),
                      grouped(n.arena_lower_bound),
                      per_cent(n.arena_bytes, n.arena_lower_bound) - (n.arena_lower_bound == 0 ? 0 : 100));
  text += fmt::format("| L2 resident constants | {} | |\n", grouped(n.l2_constant_bytes));
  text += fmt::format("| L2 together | {} | {} |\n", grouped(l2), grouped(in.target.l2_bytes - in.target.l2_reserved));
  text += fmt::format("| L3 streamed constants | {} | |\n", grouped(n.l3_bytes - n.l2_constant_bytes));
  return text + fmt::format("| L3 image | {} | {} |\n\n", grouped(n.l3_bytes), grouped(in.target.l3_bytes));
}

std::string requant_section(const ProjectInput& in) {
  size_t count[3] = {};
  size_t even = 0, all = 0;
  for (const PlannedGroup& g : in.program.groups)
    if (const Requant* r = constants_of(in, g)) {
      ++all;
      ++count[static_cast<size_t>(r->form)];
      even += r->form != RequantForm::raw && r->rounding == Rounding::half_even;
    }
  const char* policy = in.graph.policy == RequantPolicy::fast ? "fast" : "exact";
  return fmt::format(
      "## Requantisation\n\nPolicy {}: of {} requantised layers {} narrow ({:.0f} %), {} wide ({:.0f} %), {} raw; {} "
      "round "
      "half to even.\n",
      policy, all, count[0], per_cent(count[0], all), count[1], per_cent(count[1], all), count[2], even);
}

}  // namespace

std::string report(const ProjectInput& in) {
  const NetworkProgram& n = in.program;
  uint64_t macs = 0;
  for (const PlannedGroup& g : n.groups) macs += static_cast<uint64_t>(g.group.shape.macs());
  std::string text = fmt::format("# {}\n\nFor {}, {} workers; {} groups, {} MACs.\n\n", n.name, in.target.name, n.cores,
                                 n.groups.size(), grouped(macs));
  text += memory_section(in);
  text += "## Groups\n\n| group | operation | MACs | config | from | L1 | L2 staging | weights | requantisation |\n";
  text += "|---|---|--:|---|---|--:|--:|---|---|\n";
  for (const PlannedGroup& g : n.groups) {
    const std::string from =
        std::string(name_of(g.chosen.origin)) + (g.chosen.note.empty() ? "" : ": " + g.chosen.note);
    const std::string weights =
        g.weights.bytes == 0 ? "-" : fmt::format("{} in {}", grouped(g.weights.bytes), name_of(g.weights.level));
    text += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} | {} |\n", g.group.name, describe(g.group.shape),
                        grouped(static_cast<uint64_t>(g.group.shape.macs())), to_string(g.chosen.config), from,
                        grouped(g.program.l1_bytes), grouped(g.program.l2_bytes), weights, requant_text(in, g));
  }
  return text + "\n" + requant_section(in);
}

}  // namespace ares
