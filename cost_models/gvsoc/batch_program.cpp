#include "cost_models/gvsoc/batch_program.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "codegen/runtime_files.hpp"
#include "codegen/sources.hpp"
#include "core/ir/graph.hpp"
#include "core/lower/lower.hpp"
#include "core/lower/pack.hpp"

namespace ares::gvsoc {
namespace {

/// L1 that the orchestrator's stack, variables and groups' states take (ARES_STACK_BYTES + ARES_NEAR_BYTES of the
/// port); the generated header checks it.
constexpr uint32_t orchestrator_bytes = 768 + 3584;

constexpr uint32_t aligned(size_t n) { return static_cast<uint32_t>((n + 15u) & ~size_t{15}); }

/// Where a layer's operands lie, in L2 while it runs and in the data of the batch.
struct LaidOut {
  struct Operand {
    uint32_t data, offset, bytes;
  };
  std::vector<Operand> operands;
  std::vector<uint32_t> inputs;
  uint32_t output = 0, weights = 0, params = 0, staging = 0, expected = 0, l2_bytes = 0;
  PackedOperands packed;
};

uint32_t append(std::string& data, const std::vector<uint8_t>& bytes) {
  const auto at = static_cast<uint32_t>(data.size());
  data.append(bytes.begin(), bytes.end());
  data.resize(aligned(data.size()));
  return at;
}

/// `streamed`: bytes of the L3 image so far; it is the beginning of the data.
LaidOut lay_out(const MeasuredLayer& m, const Config& config, uint32_t& streamed) {
  LaidOut l;
  l.packed = pack(m.graph, m.group, config);
  uint32_t at = 0;
  const auto place = [&](size_t bytes) {
    const uint32_t here = at;
    at += aligned(bytes);
    return here;
  };
  for (const auto& input : m.inputs) l.inputs.push_back(place(input.size()));
  l.output = place(m.expected.size());
  if (m.context.weights == Level::l3) {
    l.weights = streamed;
    l.params = streamed + aligned(l.packed.weights.size());
    streamed = l.params + aligned(l.packed.params.size());
    l.staging = place(m.context.l2_staging);
  } else {
    l.weights = place(l.packed.weights.size());
    l.params = place(l.packed.params.size());
  }
  l.l2_bytes = at;
  return l;
}

std::string group_header(const LaidOut& l, const std::string& name) {
  std::string text = fmt::format("void group_{}(void);\nenum {{\n", name);
  for (size_t i = 0; i < l.inputs.size(); ++i) text += fmt::format("  AT_input_{} = {},\n", i, l.inputs[i]);
  for (const auto& [what, offset] :
       {std::pair{"output", l.output}, {"weights", l.weights}, {"params", l.params}, {"staging", l.staging}})
    text += fmt::format("  AT_{}_{} = {},\n", name, what, offset);
  return text + "};\n";
}

Result<std::string> candidate_source(const MeasuredLayer& m, const LaidOut& l, const Config& config,
                                     const std::string& name, const Target& target) {
  auto program = lower(m.group.shape, config, m.context);
  if (!program) return fail(fmt::format("{}: {}", to_string(config), to_string(program.error())));
  NetworkProgram network;
  network.cores = m.context.cores;
  PlannedGroup& planned = network.groups.emplace_back();
  planned.group = m.group;
  planned.group.name = name;
  planned.group.completes_output = true;
  planned.context = m.context;
  planned.chosen = {config, ConfigOrigin::search, "measured"};
  planned.program = *program;
  const GoldenData none;
  auto source = group_source({network, m.graph, target, none}, planned);
  if (!source) return source;
  return group_header(l, name) + *source;
}

/// A project's network.h is what group sources include.
std::string header() {
  return "#ifndef NETWORK_H\n#define NETWORK_H\n\n#include \"measure/ares_measure.h\"\n" + group_includes() +
         "\nextern const uint8_t batch_data[];\n\n#endif\n";
}

/// Tells a near class whose orchestrator would not have its place in L1.
std::string near_check(const BatchClass& c) {
  if (!c.near_stack || c.platform != "gvsoc") return "";
  return "_Static_assert(ARES_PLANNED_L1 + ARES_CORES * PI_CL_SLAVE_STACK_SIZE + ARES_STACK_BYTES + ARES_NEAR_BYTES "
         "<=\n"
         "                   ARES_L1_BYTES,\n               \"the orchestrator's stack does not lie in L1\");\n\n";
}

/// The data is a file, because a compiler takes a megabyte of numbers for seconds. The linker script puts this object
/// where the loader fills memory.
std::string data_source() {
  return "// Operands and expected outputs.\n"
         "__asm__(\".section .rodata.batch_data,\\\"a\\\"\\n.balign 16\\n.globl batch_data\\nbatch_data:\\n\"\n"
         "        \".incbin \\\"src/data.bin\\\"\\n.balign 16\\n.previous\\n\");\n";
}

struct Tables {
  std::string declarations, layers, candidates;
  uint32_t l1_bytes = 0, l2_bytes = 0, l3_bytes = 0;
  int cores = 8;
  size_t count = 0;
};

std::string layer_table(const LaidOut& l, size_t number, Tables& t) {
  std::string text = fmt::format("static const ares_measure_operand operands_{}[] = {{\n", number);
  for (const LaidOut::Operand& o : l.operands) text += fmt::format("    {{{}, {}, {}}},\n", o.data, o.offset, o.bytes);
  t.declarations += text + "};\n";
  return fmt::format("    {{operands_{}, {}, {}, ", number, l.operands.size(), l.output);
}

std::string batch_source(const Tables& t) {
  std::string text = "// The candidates, and the layers that they belong to.\n#include \"network.h\"\n\n";
  text += t.declarations;
  text += "static const ares_measure_layer layers[] = {\n" + t.layers + "    {0},\n};\n";
  text += "static const ares_measure_candidate candidates[] = {\n" + t.candidates + "    {0},\n};\n";
  text += fmt::format(
      "static const ares_measure_batch batch = {{\n"
      "    .platform = {{.cores = {}, .l1_bytes = {}, .l2_bytes = {}, .l3 = {}, .l3_bytes = {}}},\n"
      "    .data = batch_data, .layers = layers, .candidates = candidates, .candidate_count = {},\n}};\n\n"
      "int main(void) {{ return ares_measure_main(&batch); }}\n",
      t.cores, std::max(t.l1_bytes, 64u), std::max(t.l2_bytes, 64u), t.l3_bytes > 0 ? "batch_data" : "NULL", t.l3_bytes,
      t.count);
  return text;
}

}  // namespace

BatchClass batch_class(const MeasuredLayer& layer, const TileProgram& program, const Target& target,
                       const std::string& platform) {
  BatchClass c;
  c.platform = platform;
  c.cores = layer.context.cores;
  c.stack = layer.context.stack;
  c.l1_bytes = target.l1_bytes;
  c.l2_bytes = target.l2_bytes;
  const auto stacks = static_cast<uint32_t>(c.cores) * c.stack;
  c.near_stack = program.l1_bytes + stacks + orchestrator_bytes <= c.l1_bytes;
  NetworkProgram network;
  PlannedGroup& planned = network.groups.emplace_back();
  planned.group = layer.group;
  planned.program = program;
  c.slide_channels = slide_channels(network);
  return c;
}

std::vector<ProjectFile> runtime_project(const BatchClass& c) {
  std::vector<ProjectFile> files;
  for (const RuntimeFile& f : runtime_files()) {
    if (f.path == "network/Makefile")
      files.push_back({"Makefile", std::string(f.text)});
    else
      files.push_back({std::filesystem::path("runtime") / f.path, std::string(f.text)});
  }
  const uint32_t stacks = static_cast<uint32_t>(c.cores) * c.stack;
  const uint32_t planned = c.l1_bytes - stacks - (c.near_stack ? orchestrator_bytes : 0);
  files.push_back(
      {"config.mk", fmt::format("NAME := batch\nPLANNED_CORES := {}\nPLANNED_STACK := {:#x}\nPLANNED_L1 := {}\n"
                                "L1_BYTES := {}\nL2_BYTES := {}\nSLIDE_CHANNELS := {}\n",
                                c.cores, c.stack, planned, c.l1_bytes, c.l2_bytes, c.slide_channels)});
  return files;
}

std::vector<ProjectFile> class_files(const BatchClass& c) {
  std::vector<ProjectFile> files = runtime_project(c);
  for (const RuntimeFile& f : runtime_files()) {
    if (f.path == "measure/ares_measure.c") files.push_back({"src/ares_measure.c", std::string(f.text)});
    if (f.path == fmt::format("measure/ares_measure_{}.c", c.platform))
      files.push_back({"src/ares_measure_platform.c", near_check(c) + std::string(f.text)});
  }
  files.push_back({"src/network.h", header()});
  return files;
}

namespace {

/// A layer with its constants packed as a config wants them.
struct Variant {
  size_t layer;
  Config packed_for;  ///< the knobs that matter to it
  friend auto operator<=>(const Variant& a, const Variant& b) {
    return std::tie(a.layer, a.packed_for.value) <=> std::tie(b.layer, b.packed_for.value);
  }
};

Config on_the_accelerator() {
  Config c;
  c[Knob::kernel] = accelerator_kernel;
  return c;
}

Variant variant_of(const BatchCandidate& c) {
  Variant v{c.layer, {}};
  if (!on_accelerator(c.config)) return v;
  for (const Knob k : {Knob::kernel, Knob::tile_co, Knob::tile_l2}) v.packed_for[k] = c.config[k];
  return v;
}

}  // namespace

uint64_t operand_bytes(const MeasuredLayer& layer) {
  uint32_t streamed = 0, bytes = lay_out(layer, {}, streamed).l2_bytes;
  if (layer.context.accelerator && layer.group.shape.accelerator.weight_bits > 0)
    bytes = std::max(bytes, lay_out(layer, on_the_accelerator(), streamed).l2_bytes);
  return bytes;
}

Result<std::vector<ProjectFile>> batch_files(std::span<const MeasuredLayer> layers,
                                             std::span<const BatchCandidate> candidates,
                                             std::span<const size_t> numbers, const Target& target) {
  Tables t;
  std::map<Variant, size_t> used;  // to its place in the tables, in order of the first candidate
  std::vector<Variant> order;
  for (const BatchCandidate& c : candidates)
    if (used.emplace(variant_of(c), order.size()).second) order.push_back(variant_of(c));
  std::vector<LaidOut> laid_out;
  for (const Variant& v : order) laid_out.push_back(lay_out(layers[v.layer], v.packed_for, t.l3_bytes));

  std::string data;
  for (size_t i = 0; i < order.size(); ++i) {  // the L3 image comes first
    if (layers[order[i].layer].context.weights != Level::l3) continue;
    append(data, laid_out[i].packed.weights);
    append(data, laid_out[i].packed.params);
  }
  for (size_t i = 0; i < order.size(); ++i) {
    const MeasuredLayer& m = layers[order[i].layer];
    LaidOut& l = laid_out[i];
    const auto add = [&](uint32_t offset, const std::vector<uint8_t>& bytes) {
      if (!bytes.empty()) l.operands.push_back({append(data, bytes), offset, static_cast<uint32_t>(bytes.size())});
    };
    for (size_t k = 0; k < m.inputs.size(); ++k) add(l.inputs[k], m.inputs[k]);
    if (m.context.weights != Level::l3) {
      add(l.weights, l.packed.weights);
      add(l.params, l.packed.params);
    }
    l.expected = append(data, m.expected);
    t.layers += layer_table(l, i, t) + fmt::format("{}, {}}},\n", m.expected.size(), l.expected);
    t.l2_bytes = std::max(t.l2_bytes, l.l2_bytes);
    t.cores = m.context.cores;
  }
  data.resize(data.size() + 16);

  std::vector<ProjectFile> files;
  for (size_t i = 0; i < candidates.size(); ++i) {
    const MeasuredLayer& m = layers[candidates[i].layer];
    const size_t layer = used[variant_of(candidates[i])];
    const std::string name = fmt::format("c{}", numbers[i]);
    auto source = candidate_source(m, laid_out[layer], candidates[i].config, name, target);
    if (!source) return tl::unexpected<Error>(source.error());
    files.push_back({fmt::format("src/group_{}.c", name), std::move(*source)});
    t.declarations += fmt::format("void group_{}(void);\n", name);
    t.candidates += fmt::format("    {{group_{}, {}, {}}},\n", name, numbers[i], layer);
    t.l1_bytes = std::max(t.l1_bytes, ares::l1_bytes(m.group.shape, m.context, candidates[i].config));
  }
  t.count = candidates.size();
  files.push_back({"src/batch.c", batch_source(t)});
  files.push_back({"src/golden.c", data_source()});
  files.push_back({"src/data.bin", std::move(data)});
  return files;
}

}  // namespace ares::gvsoc
