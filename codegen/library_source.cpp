// PREFIX.h and PREFIX.c of a project that is a part of a firmware: what the rest of the firmware sees of the network.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/algorithm/string/case_conv.hpp>
#include <set>

#include "codegen/c_text.hpp"
#include "codegen/sources.hpp"
#include "core/ir/graph.hpp"

namespace ares {
namespace {

/// An input or output of the network: its C name, unique within the header.
struct Port {
  std::string name, upper, model_name;
  const Tensor* tensor;
  TensorId id;
  bool is_input;
};

std::vector<Port> ports_of(const ProjectInput& in) {
  std::vector<Port> all;
  std::set<std::string> taken;
  const auto add = [&](const std::string& model_name, TensorId id, const char* side) {
    std::string name = fmt::format("{}_{}", side, c_identifier(model_name));
    while (!taken.insert(boost::to_upper_copy(name)).second) name += '_';
    all.push_back({name, boost::to_upper_copy(in.library + "_" + name), model_name,
                   &in.graph.tensors[static_cast<size_t>(id)], id, std::string_view(side) == "in"});
  };
  for (const NetworkInput& i : in.graph.inputs) add(i.name, i.tensor, "in");
  for (const NetworkOutput& o : in.graph.outputs) add(o.name, o.tensor, "out");
  return all;
}

int64_t bytes_of(const Tensor& t) { return t.dims.count() * element_bytes(t.type); }

/// A float that reads back as the same one.
std::string float_text(double value) { return fmt::format("{:.9g}", value); }

std::string scale_text(const Port& p) {
  const Tensor& t = *p.tensor;
  if (t.channel_scale.empty()) return fmt::format("#define {}_SCALE {}\n", p.upper, float_text(t.q.scale));
  std::vector<std::string> scales;
  for (const double s : t.channel_scale) scales.push_back(float_text(s));
  return fmt::format("#define {}_SCALES {{{}}}  // of each channel\n", p.upper, fmt::join(scales, ", "));
}

std::string port_text(const ProjectInput& in, const Port& p) {
  const Tensor& t = *p.tensor;
  std::string text =
      fmt::format("// {} {}: {}, {} rows x {} columns x {} channels, channels innermost.\n",
                  p.is_input ? "Input" : "Output", p.model_name, c_type(t.type), t.dims.h, t.dims.w, t.dims.c);
  text += fmt::format("#define {0}_BYTES {1}\n#define {0}_OFFSET {2}\n#define {0}_ZERO_POINT {3}\n", p.upper,
                      bytes_of(t), in.program.tensors[static_cast<size_t>(p.id)].offset, t.q.zero_point);
  return text + scale_text(p) + "\n";
}

/// `const uint8_t* in_x, uint8_t* out_y`
std::string parameters(const std::vector<Port>& ports) {
  std::vector<std::string> all;
  for (const Port& p : ports)
    all.push_back(fmt::format("{}{}* {}", p.is_input ? "const " : "", c_type(p.tensor->type), p.name));
  return fmt::format("{}", fmt::join(all, ", "));
}

}  // namespace

std::string library_header(const ProjectInput& in) {
  const NetworkProgram& n = in.program;
  const std::string upper = boost::to_upper_copy(in.library);
  const std::vector<Port> ports = ports_of(in);
  std::string text = fmt::format(
      "// {0}: the network {1} as a part of a firmware, planned for {2}. Networks of a firmware run one after the "
      "other;\n"
      "// all functions are called by the core that orchestrates the workers.\n"
      "#ifndef {3}_H\n#define {3}_H\n\n#include <stdint.h>\n\n#ifdef __cplusplus\nextern \"C\" {{\n#endif\n\n",
      in.library, n.name, in.target.name, upper);
  text += fmt::format(
      "// Memories of the caller, aligned to 16 bytes. L1 holds nothing between two runs: networks may share it, and\n"
      "// anything else may use it meanwhile; so may the first {0}_ARENA_BYTES of L2, behind which the constants "
      "stay.\n"
      "#define {0}_L1_BYTES {1}\n#define {0}_L2_BYTES {2}\n#define {0}_ARENA_BYTES {3}\n"
      "#define {0}_WORKERS {4}  // at most\n\n",
      upper, n.l1_bytes, uint64_t{n.arena_bytes} + n.l2_constant_bytes, n.arena_bytes, n.cores);
  text +=
      "// A real value is SCALE * (stored - ZERO_POINT). OFFSET is where the tensor lies in L2 before a run (inputs) "
      "and\n"
      "// behind it (outputs): given that place as its argument, a run copies nothing.\n\n";
  for (const Port& p : ports) text += port_text(in, p);
  text += fmt::format(
      "// Takes the memories, starts the workers unless another network has, and loads the constants. 0, or -1: a "
      "memory "
      "is\n// missing or not aligned; -2: a network that is open has another number of workers.\n"
      "int {0}_open(void* l1, void* l2);\n\n"
      "// One inference. 0, or -3: the network is not open.\n"
      "int {0}_run({1});\n\n"
      "// Gives the memories back; the last network ends the workers.\n"
      "void {0}_close(void);\n\n#ifdef __cplusplus\n}}\n#endif\n\n#endif\n",
      in.library, parameters(ports));
  return text;
}

std::string library_source(const ProjectInput& in) {
  const std::vector<Port> ports = ports_of(in);
  std::string text = fmt::format(
      "// The functions of {0}.h.\n#include \"{0}.h\"\n\n#include \"network.h\"\n#include "
      "\"network/ares_library.h\"\n\n"
      "static ares_library library = {{.network = &{1}}};\n\n"
      "int {0}_open(void* l1, void* l2) {{ return ares_library_open(&library, l1, l2); }}\n\n"
      "int {0}_run({2}) {{\n"
      "  const int opened = ares_library_use(&library);\n  if (opened != ARES_OPENED) return opened;\n",
      in.library, global_name(in, "network"), parameters(ports));
  for (const Port& p : ports)
    if (p.is_input) text += fmt::format("  ares_library_put({0}_OFFSET, {1}, {0}_BYTES);\n", p.upper, p.name);
  text += fmt::format("  ares_network_run(&{}, NULL, NULL);\n", global_name(in, "network"));
  for (const Port& p : ports)
    if (!p.is_input) text += fmt::format("  ares_library_get({0}_OFFSET, {1}, {0}_BYTES);\n", p.upper, p.name);
  return text + fmt::format("  return ARES_OPENED;\n}}\n\nvoid {}_close(void) {{ ares_library_close(&library); }}\n",
                            in.library);
}

}  // namespace ares
