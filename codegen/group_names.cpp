#include "codegen/group_names.hpp"

#include <fmt/format.h>

#include <boost/algorithm/string.hpp>
#include <set>

namespace ares {
namespace {

std::string singular(Family family, Knob knob) {
  const bool rows = family == Family::norm || family == Family::softmax || family == Family::matmul ||
                    family == Family::transform || family == Family::rotary || family == Family::lookup;
  switch (knob) {
    case Knob::tile_h:
      return family == Family::matmul ? "sequence" : "row";
    case Knob::tile_w:
      return family == Family::linear || family == Family::scan ? "token" : rows ? "row" : "column";
    case Knob::tile_co:
      return family == Family::linear   ? "feature"
             : family == Family::table  ? "byte"
             : family == Family::curve  ? "element"
             : family == Family::norm   ? "set"
             : family == Family::matmul ? "head"
                                        : "channel";
    case Knob::tile_ci:
      return "input_feature";
    case Knob::tile_l2:
      return "chunk_channel";
    default:
      return "loop";
  }
}

/// `name`, or the first of name_2, name_3, .. that is not taken.
std::string unique(std::set<std::string>& taken, const std::string& name) {
  std::string candidate = name;
  for (int i = 2; !taken.insert(candidate).second; ++i) candidate = fmt::format("{}_{}", name, i);
  return candidate;
}

std::string upper(const std::string& name) { return boost::to_upper_copy(name); }

/// Of a buffer that no copy fills or empties.
std::string role(const Kernel& k, BufferId b) {
  if (b == k.in || b == k.in2 || b == k.out) return "between";
  if (b == k.accumulators)
    return k.kind == KernelKind::matmul ? "scratch" : k.kind == KernelKind::scan ? "states" : "sums";
  if (b == k.scratch) return "scratch";
  return "";
}

}  // namespace

GroupNames::GroupNames(const TileProgram& p) {
  std::set<std::string> taken;
  for (const Loop& l : p.loops) {
    const std::string one = unique(taken, singular(p.family, l.knob)), many = one + "s";
    loops_.push_back({one, upper(many), upper(one) + "_TILE", upper(one) + "_TILES", "LOOP_" + upper(many)});
  }
  std::vector<std::string> roles(p.buffers.size());
  for (const TileOperation& op : p.operations) {
    std::string name;
    if (const auto* copy = std::get_if<Copy>(&op.what)) {
      name = unique(taken,
                    std::string(name_of(copy->operand)) + (is_load(*copy) && copy->to == Level::l2 ? "_chunk" : ""));
      roles[static_cast<size_t>(copy->buffer)] = name;
    }
    copies_.push_back(name);
  }
  for (const TileOperation& op : p.operations)
    if (const auto* kernel = std::get_if<Kernel>(&op.what))
      for (size_t b = 0; b < roles.size(); ++b)
        if (roles[b].empty()) roles[b] = role(*kernel, static_cast<BufferId>(b));
  for (size_t b = 0; b < roles.size(); ++b) {
    const char* level = p.buffers[b].level == Level::l1 ? "L1_" : "L2_";
    buffers_.push_back(unique(taken, level + upper(roles[b].empty() ? "BUFFER" : roles[b])));
  }
}

std::string GroupNames::size(const Extent& e, const std::string& walk) const {
  if (e.loop == none) return std::to_string((e.whole - 1) * e.scale + e.halo);
  const std::string units = fmt::format("{}at[{}].size", walk, loop(e.loop).loop);
  return e.scale == 1 && e.halo == 1 ? units : fmt::format("({} - 1) * {} + {}", units, e.scale, e.halo);
}

}  // namespace ares
