#include <fmt/format.h>

#include <algorithm>
#include <boost/algorithm/string.hpp>

#include "codegen/c_text.hpp"
#include "codegen/sources.hpp"
#include "core/ir/graph.hpp"

namespace ares {

std::string global_name(const ProjectInput& in, const std::string& name) {
  return in.library.empty() ? name : in.library + "_" + name;
}

bool is_network_output(const ProjectInput& in, TensorId id) {
  return std::any_of(in.graph.outputs.begin(), in.graph.outputs.end(), [&](const auto& o) { return o.tensor == id; });
}

std::string group_name(const PlannedGroup& group) {
  return c_identifier(boost::replace_all_copy(group.group.name, "+", "_with_"));
}

std::string tensor_constant(const ProjectInput& in, TensorId tensor) {
  for (const PlannedGroup& g : in.program.groups)
    if (g.group.output == tensor && g.group.completes_output) return fmt::format("AT_{}_output", group_name(g));
  for (size_t i = 0; i < in.graph.inputs.size(); ++i)
    if (in.graph.inputs[i].tensor == tensor) return fmt::format("AT_input_{}", i);
  return fmt::format("AT_tensor_{}", tensor);
}

const char* c_type(ElementType type) {
  return type == ElementType::u8 ? "uint8_t" : type == ElementType::s16 ? "int16_t" : "int32_t";
}

std::string weights_constant(const PlannedGroup& group) { return fmt::format("AT_{}_weights", group_name(group)); }
std::string tails_constant(const PlannedGroup& group) { return fmt::format("AT_{}_tails", group_name(group)); }
std::string params_constant(const PlannedGroup& group) { return fmt::format("AT_{}_params", group_name(group)); }
std::string staging_constant(const PlannedGroup& group) { return fmt::format("AT_{}_staging", group_name(group)); }

namespace {

std::string describe_first(const GroupShape& s) {
  const auto box = [](const Dims& d) { return fmt::format("{}x{}x{}", d.h, d.w, d.c); };
  const Window& w = s.window;
  std::string window = fmt::format("{}x{}", w.kh, w.kw);
  if (w.sh != 1 || w.sw != 1) window += fmt::format(" stride {}x{}", w.sh, w.sw);
  if (w.dh != 1 || w.dw != 1) window += fmt::format(" dilation {}x{}", w.dh, w.dw);
  if (w.pt || w.pl || w.pb || w.pr) window += fmt::format(" padding {},{},{},{}", w.pt, w.pl, w.pb, w.pr);
  switch (s.family) {
    case Family::conv:
    case Family::depthwise:
    case Family::max_pool:
    case Family::average_pool:
      return fmt::format("{} {}, {} -> {}", name_of(s.family), window, box(s.in), box(s.out));
    case Family::linear:
      return fmt::format("linear {} -> {}, {} token{}", s.in.c, s.out.c, s.in.w, s.in.w == 1 ? "" : "s");
    case Family::table:
      return fmt::format("table of {} bytes", s.in.c);
    case Family::curve:
      return fmt::format("curve of {} 16-bit elements", s.in.c);
    case Family::add:
    case Family::multiply:
      return s.in.w == 1 ? fmt::format("{} of 2 x {} bytes", name_of(s.family), s.in.c)
                         : fmt::format("{} of {} rows of {} bytes and one such row", name_of(s.family), s.in.w, s.in.c);
    case Family::norm:
      return fmt::format("{} of {} x {}{}", s.centred ? "norm" : "root mean square norm", s.in.w, s.in.c,
                         s.across ? fmt::format(" in {} groups", s.heads) : "");
    case Family::softmax:
      return fmt::format("softmax of {} rows of {}", s.in.h * s.in.w * s.heads, s.in.c / s.heads);
    case Family::matmul:
      return fmt::format("matmul of {} x {} heads, {}x{} by {}{}", s.in.h, s.heads, s.in.w, s.in.c / s.heads,
                         s.out.c / s.heads, s.transposed ? " transposed" : "");
    case Family::scan:
      return fmt::format("selective scan of {} steps, {} channels of {} states", s.in.w, s.in.c, s.heads);
    case Family::transform:
      return fmt::format("transform of {} rows, {} -> {}", s.in.w, s.in.c, s.out.c);
    case Family::rotary:
      return fmt::format("rotary embedding of {} rows, {} heads of {}{}", s.in.w, s.heads, s.in.c / s.heads,
                         s.transposed ? ", pairs of neighbours" : "");
    case Family::lookup:
      return fmt::format("lookup of {} rows in a table of {}x{}", s.in.w, s.heads, s.out.c);
    case Family::rearrange: {
      const auto extent = [&](size_t a) { return s.movement.axes[a].count * s.movement.axes[a].repeat; };
      return fmt::format("rearrange {} into {}x{}x{} of {}{}", box(s.in), extent(0), extent(1), extent(2), box(s.out),
                         s.mapped ? " through a table" : "");
    }
  }
  return {};
}

}  // namespace

std::string describe(const GroupShape& s) {
  std::string text = describe_first(s);
  for (size_t i = 0; i < s.tail_count; ++i) {
    GroupShape tail = shape_of(s.tails[i]);
    if (s.family == Family::matmul) tail.heads = s.heads;
    text += ", then " + describe_first(tail);
  }
  return text;
}

}  // namespace ares
