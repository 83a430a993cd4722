// network.h, network.c, main.c and config.mk: the arena plan, the order of the groups, and the planned limits.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "codegen/c_text.hpp"
#include "codegen/kernel_call.hpp"
#include "codegen/sources.hpp"
#include "core/ir/graph.hpp"

namespace ares {
namespace {

std::string tensor_comment(const Tensor& t) {
  const char* type = t.type == ElementType::u8 ? "u8" : t.type == ElementType::s16 ? "s16" : "s32";
  return fmt::format("{} {}x{}x{}", type, t.dims.h, t.dims.w, t.dims.c);
}

const Tensor& tensor(const ProjectInput& in, TensorId id) { return in.graph.tensors[static_cast<size_t>(id)]; }

/// The buffer in which a group's output stays, or null.
const Buffer* kept_output(const PlannedGroup& g) {
  for (const TileOperation& op : g.program.operations)
    if (const auto* c = std::get_if<Copy>(&op.what); c && (c->stays || c->late) && !is_load(*c))
      return &g.program.buffers[static_cast<size_t>(c->buffer)];
  return nullptr;
}

/// The arena plan: an enumerator for each tensor, staging area and constant.
std::string placements(const ProjectInput& in) {
  const NetworkProgram& n = in.program;
  std::string text =
      "// Offsets in L2: first the arena, which tensors share over time, then the resident constants.\nenum {\n";
  const auto at_tensor = [&](TensorId id) {
    const Placement& p = n.tensors[static_cast<size_t>(id)];
    text += fmt::format("  {} = {},  // {} bytes, {}\n", tensor_constant(in, id), p.offset, p.bytes,
                        tensor_comment(tensor(in, id)));
  };
  for (const NetworkInput& i : in.graph.inputs) at_tensor(i.tensor);
  for (const PlannedGroup& g : n.groups)
    if (g.group.completes_output) at_tensor(g.group.output);
  for (const PlannedGroup& g : n.groups)
    if (g.program.l2_bytes > 0)
      text += fmt::format("  {} = {},  // {} bytes\n", staging_constant(g), g.staging_offset, g.program.l2_bytes);
  text += fmt::format("  ARENA_BYTES = {},\n", n.arena_bytes);
  for (size_t t = 0; t < in.graph.tensors.size(); ++t)
    if (is_constant(in.graph.tensors[t])) at_tensor(static_cast<TensorId>(t));
  const auto constants = [&](Level level) {
    for (const PlannedGroup& g : n.groups) {
      if (g.weights.bytes > 0 && g.weights.level == level)
        text += fmt::format("  {} = {},  // {} bytes\n", weights_constant(g), g.weights.offset, g.weights.bytes);
      if (g.params.bytes > 0 && g.params.level == level)
        text += fmt::format("  {} = {},  // {} bytes\n", params_constant(g), g.params.offset, g.params.bytes);
    }
  };
  constants(Level::l2);
  for (const PlannedGroup& g : n.groups)
    if (g.tails.bytes > 0)
      text += fmt::format("  {} = {},  // {} bytes\n", tails_constant(g), g.tails.offset, g.tails.bytes);
  text += fmt::format("  L2_BYTES = {}\n}};\n", n.arena_bytes + n.l2_constant_bytes);
  if (n.l3_bytes == n.l2_constant_bytes) return text;
  text += "\n// Offsets in the L3 image of constants that are streamed.\nenum {\n";
  constants(Level::l3);
  return text + "};\n";
}

std::string golden_declarations(const ProjectInput& in) {
  std::string outputs, intermediate;
  for (const PlannedGroup& g : in.program.groups) {
    if (!g.group.completes_output) continue;
    const char* type = c_type(tensor(in, g.group.output).type);
    (is_network_output(in, g.group.output) ? outputs : intermediate) +=
        fmt::format("extern const {} {}[];\n", type, global_name(in, "golden_" + group_name(g)));
  }
  std::string text = "// The sample and what every group makes of it.\n";
  for (size_t i = 0; i < in.graph.inputs.size(); ++i)
    text += fmt::format("extern const {} {}[];\n", c_type(tensor(in, in.graph.inputs[i].tensor).type),
                        global_name(in, fmt::format("sample_{}", i)));
  text += outputs;
  if (!intermediate.empty()) text += "#ifndef DISABLE_INTERMEDIATE_GOLDEN\n" + intermediate + "#endif\n";
  return text;
}

std::string limits(const NetworkProgram& n) {
  std::string text;
  text += fmt::format(
      "_Static_assert(ARES_CORES >= 1 && ARES_CORES <= {0},\n"
      "               \"CORE is not 1 to {0}, the planned number of workers: run ares-compile again with --cores\");\n",
      n.cores);
  text += fmt::format(
      "_Static_assert(PI_CL_SLAVE_STACK_SIZE <= {0:#x},\n"
      "               \"PI_CL_SLAVE_STACK_SIZE is larger than the planned {0:#x} bytes: run ares-compile again with "
      "--stack\");\n",
      n.stack);
  return text;
}

std::string tensor_entry(const ProjectInput& in, const std::string& name, TensorId id, const std::string& golden) {
  const Tensor& t = tensor(in, id);
  return fmt::format("{{{}, {}, {}, {}, {}}}", c_string(name), tensor_constant(in, id), t.dims.count(),
                     element_bytes(t.type), golden);
}

std::string group_table(const ProjectInput& in) {
  std::string text = "static const ares_group groups[] = {\n";
  for (const PlannedGroup& g : in.program.groups) {
    const bool output = g.group.completes_output && is_network_output(in, g.group.output);
    const std::string values = global_name(in, "golden_" + group_name(g));
    const std::string golden =
        !g.group.completes_output ? "NULL" : fmt::format("{}({})", output ? "GOLDEN" : "INTERMEDIATE", values);
    const Buffer* const kept = kept_output(g);
    text += fmt::format("    {{{}, .macs = {}, .is_output = {},\n     .output = {}{}}},\n",
                        global_name(in, "group_" + group_name(g)), g.group.shape.macs(), output ? 1 : 0,
                        tensor_entry(in, g.group.name, g.group.output, golden),
                        kept ? fmt::format(",\n     .in_l1 = 1, .l1_offset = {}", kept->offset) : "");
  }
  return text + "};\n";
}

}  // namespace

std::string group_includes() {
  return "#include \"network/ares_network.h\"\n#include \"kernels/ares_ne16.h\"\n"
         "#include \"tile/ares_kernel.h\"\n#include \"tile/ares_tile.h\"\n";
}

std::string network_header(const ProjectInput& in) {
  std::string text = fmt::format("// {}: memory plan, groups and golden data.\n", in.program.name);
  text += "#ifndef NETWORK_H\n#define NETWORK_H\n\n" + group_includes() + "\n";
  text += placements(in) + "\n// The groups, in execution order.\n";
  for (const PlannedGroup& g : in.program.groups)
    text += fmt::format("void {}(void);  // {}\n", global_name(in, "group_" + group_name(g)), describe(g.group.shape));
  std::string early;
  for (const PlannedGroup& g : in.program.groups)
    if (begins_early(in, g)) early += fmt::format("void {}(void);\n", early_function(in, g));
  if (!early.empty()) text += "\n// States and loads of a group that the group before starts.\n" + early;
  text += fmt::format("\n{}\n", golden_declarations(in));
  if (in.program.l3_bytes > 0)
    text += "// The L3 image: all constants.\nextern const struct network_constants " +
            global_name(in, "network_constants") + ";\n\n";
  return text + fmt::format("extern const ares_network {};\n\n#endif\n", global_name(in, "network"));
}

std::string network_source(const ProjectInput& in) {
  const NetworkProgram& n = in.program;
  std::string text = fmt::format("// {}: {} groups planned for {} on {} workers with stacks of {:#x} bytes.\n", n.name,
                                 n.groups.size(), in.target.name, n.cores, n.stack);
  text += "#include \"network.h\"\n\n" + limits(n);
  text +=
      "\n// A firmware has neither sample nor expected values.\n"
      "#ifdef ARES_LIBRARY\n#define GOLDEN(values) NULL\n#else\n#define GOLDEN(values) values\n#endif\n"
      "#ifdef DISABLE_INTERMEDIATE_GOLDEN\n#define INTERMEDIATE(values) NULL\n#else\n"
      "#define INTERMEDIATE(values) GOLDEN(values)\n#endif\n\n";
  text += "static const ares_tensor inputs[] = {\n";
  for (size_t i = 0; i < in.graph.inputs.size(); ++i)
    text +=
        fmt::format("    {},\n", tensor_entry(in, in.graph.inputs[i].name, in.graph.inputs[i].tensor,
                                              fmt::format("GOLDEN({})", global_name(in, fmt::format("sample_{}", i)))));
  text += "};\n\n" + group_table(in) + "\n";
  text += fmt::format(
      "const ares_network {} = {{\n"
      "    .name = {},\n"
      "    .platform = {{.cores = ARES_CORES, .l1_bytes = {}, .l2_bytes = L2_BYTES, .l3 = {}, .l3_bytes = {}}},\n"
      "    .constants = ARENA_BYTES,\n    .constants_bytes = {},\n"
      "    .inputs = inputs,\n    .input_count = {},\n    .groups = groups,\n    .group_count = {},\n}};\n",
      global_name(in, "network"), c_string(n.name), n.l1_bytes,
      n.l3_bytes > 0 ? "(const uint8_t*)&" + global_name(in, "network_constants") : "NULL", n.l3_bytes,
      n.l2_constant_bytes, in.graph.inputs.size(), n.groups.size());
  return text;
}

std::string main_source(const ProjectInput& in) {
  return "// Runs the network on its sample and checks every byte.\n#include \"network.h\"\n\n"
         "int main(void) { return ares_network_main(&" +
         global_name(in, "network") + "); }\n";
}

std::string slide_channels(const NetworkProgram& n) {
  constexpr int32_t farthest = 11, most = 2047;  // the second channel's last column, in units of the channels
  std::set<int32_t> all;
  for (const PlannedGroup& g : n.groups) {
    for (const TileOperation& o : g.program.operations) {
      const auto* k = std::get_if<Kernel>(&o.what);
      if (k == nullptr || k->kind != KernelKind::conv || k->tiling == 0) continue;
      const Window& w = k->window;
      const int32_t channels = g.group.shape.in.c;
      const bool slides = kernel_tiling(k->tiling).style == KernelStyle::slide && w.kh == 3 && w.kw == 3;
      if (slides && w.sw == 1 && w.dw == 1 && channels % 4 == 0 && farthest * channels <= most) all.insert(channels);
    }
  }
  return fmt::format("{}", fmt::join(all, ","));
}

std::string config_mk(const ProjectInput& in) {
  return fmt::format(
      "NAME := {}\nPLANNED_CORES := {}\nPLANNED_STACK := {:#x}\nPLANNED_L1 := {}\nPLANNED_L2 := {}\nPLANNED_L3 := "
      "{}\nL1_BYTES := {}\nL2_BYTES := {}\n"
      "SLIDE_CHANNELS := {}\n{}",
      c_identifier(in.program.name), in.program.cores, in.program.stack, in.program.l1_bytes,
      uint64_t{in.program.arena_bytes} + in.program.l2_constant_bytes, in.program.l3_bytes, in.target.l1_bytes,
      in.target.l2_bytes, slide_channels(in.program),
      in.library.empty() ? "" : fmt::format("PREFIX := {}\n", in.library));
}

}  // namespace ares
