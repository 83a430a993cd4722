// The C file of one group: its constants and tables, a function per kernel call, and the walk itself, which is the
// schedule's tokens printed one by one.
#include <fmt/format.h>

#include "codegen/c_text.hpp"
#include "codegen/group_names.hpp"
#include "codegen/kernel_call.hpp"
#include "codegen/sources.hpp"
#include "core/ir/graph.hpp"
#include "core/tile/schedule.hpp"

namespace ares {
namespace {

class GroupPrinter {
 public:
  GroupPrinter(const ProjectInput& in, const PlannedGroup& g) : in_(in), g_(g), p_(g.program), names_(g.program) {}

  Result<std::string> print() {
    text_ = header();
    print_loops();
    print_buffers();
    print_requant();
    for (size_t i = 0; i < p_.operations.size(); ++i)
      if (const auto* copy = std::get_if<Copy>(&p_.operations[i].what))
        if (const auto ok = print_copy(i, *copy); !ok) return tl::unexpected<Error>(ok.error());
    print_state();
    for (size_t i = 0; i < p_.operations.size(); ++i) {
      if (std::holds_alternative<Job>(p_.operations[i].what))
        return fail(fmt::format("group {}: accelerator jobs are not supported yet", g_.group.name));
      if (!std::holds_alternative<Kernel>(p_.operations[i].what)) continue;
      const auto call = kernel_function(in_, g_, names_, static_cast<OperationId>(i));
      if (!call) return call;
      line("{}", *call);
    }
    print_walk();
    return text_;
  }

 private:
  template <class... T>
  void line(fmt::format_string<T...> format, T&&... values) {
    fmt::format_to(std::back_inserter(text_), format, std::forward<T>(values)...);
    text_ += '\n';
  }

  std::string header() const {
    const ChosenConfig& c = g_.chosen;
    std::string text = fmt::format("// {}: {}, {} MACs\n", g_.group.name, describe(g_.group.shape),
                                   grouped(static_cast<uint64_t>(g_.group.shape.macs())));
    text += fmt::format("//   config     {}\n", to_string(c.config));
    text += fmt::format("//   from       {}{}{}\n", name_of(c.origin), c.note.empty() ? "" : ": ", c.note);
    text += fmt::format("//   memory     {} bytes of L1", p_.l1_bytes);
    if (p_.l2_bytes > 0) text += fmt::format(", {} bytes of L2 for weights on their way from L3", p_.l2_bytes);
    return text + "\n#include \"network.h\"\n\n";
  }

  void print_loops() {
    if (p_.loops.empty()) return;
    line("// Tile loops, outermost first.");
    line("enum {{");
    for (size_t i = 0; i < p_.loops.size(); ++i) {
      const Loop& l = p_.loops[i];
      const LoopNames& n = names_.loop(static_cast<LoopId>(i));
      if (l.parent == none)
        line("  {} = {}, {} = {}, {} = {},", n.extent, l.extent, n.tile, l.tile, n.tiles, trips(l.extent, l.tile));
      else
        line("  {} = {},  // of {}", n.tile, l.tile, names_.loop(l.parent).loop);
    }
    line("}};\n");
    std::string order;
    for (size_t i = 0; i < p_.loops.size(); ++i) order += names_.loop(static_cast<LoopId>(i)).loop + ", ";
    line("enum {{ {}LOOPS }};\n", order);
    line("static const ares_loop loops[LOOPS] = {{");
    for (size_t i = 0; i < p_.loops.size(); ++i) {
      const Loop& l = p_.loops[i];
      const LoopNames& n = names_.loop(static_cast<LoopId>(i));
      if (l.parent == none)
        line("    [{}] = {{.parent = ARES_NONE, .extent = {}, .tile = {}}},", n.loop, n.extent, n.tile);
      else
        line("    [{}] = {{.parent = {}, .extent = {}, .tile = {}}},", n.loop, names_.loop(l.parent).loop, l.extent,
             n.tile);
    }
    line("}};\n");
  }

  void print_buffers() {
    line("// Where buffers begin.");
    line("enum {{");
    for (size_t i = 0; i < p_.buffers.size(); ++i) {
      const Buffer& b = p_.buffers[i];
      const std::string base = b.level == Level::l1 ? "" : staging_constant(g_) + " + ";
      const std::string many = b.per_core     ? fmt::format("{} workers x ", static_cast<int>(p_.cores))
                               : b.copies > 1 ? fmt::format("{} x ", b.copies)
                                              : "";
      line("  {} = {}{},  // {}{} bytes", names_.buffer(static_cast<BufferId>(i)), base, b.offset, many, b.bytes);
    }
    line("}};\n");
  }

  void print_requant() {
    const Requant* const requant = requant_of(in_.graph.dag[g_.group.layers.front()].op);
    if (!requant) return;
    const char* const type = g_.group.shape.out_type == ElementType::s16 ? ", .type = ARES_S16" : "";
    static constexpr const char* forms[] = {"ARES_NARROW", "ARES_WIDE", "ARES_RAW"};
    static constexpr const char* roundings[] = {"ARES_HALF_UP", "ARES_HALF_EVEN"};
    const Requant& r = *requant;
    line(
        "static const ares_requant requant = {{{}, {}, .shift = {}, .pre_shift = {}, .lo = {}, .hi = {}, .tie_width = "
        "{}{}}};\n",
        forms[static_cast<size_t>(r.form)], roundings[static_cast<size_t>(r.rounding)], r.shift, r.pre_shift, r.lo,
        r.hi, r.tie_width, type);
  }

  /// Where the farther end begins: the operand, or nothing for what is read from another load's buffer.
  Result<std::string> far_end(const Copy& c) const {
    if (c.staged_in != none) return std::string("0");
    switch (c.operand) {
      case Operand::input:
        return tensor_constant(in_, g_.group.inputs.front());
      case Operand::weights:
        return weights_constant(g_);
      case Operand::params:
        return params_constant(g_);
      case Operand::output:
        return tensor_constant(in_, g_.group.output);
      case Operand::input2:
        return tensor_constant(in_, g_.group.inputs.back());
      default:
        return fail(fmt::format("group {}: a third input is not supported yet", g_.group.name));
    }
  }

  Result<void> print_copy(size_t i, const Copy& c) {
    const char* channel = c.from == Level::l2 && c.to == Level::l1   ? "ARES_L2_TO_L1"
                          : c.from == Level::l1 && c.to == Level::l2 ? "ARES_L1_TO_L2"
                          : c.from == Level::l3 && c.to == Level::l2 ? "ARES_L3_TO_L2"
                                                                     : nullptr;
    if (!channel)
      return fail(fmt::format("group {}: the runtime has no copy from {} to {} yet", g_.group.name, name_of(c.from),
                              name_of(c.to)));
    const auto far = far_end(c);
    if (!far) return tl::unexpected<Error>(far.error());
    const Buffer& b = p_.buffers[static_cast<size_t>(c.buffer)];
    line("static const ares_transfer {}_copy = {{", names_.copy(static_cast<OperationId>(i)));
    line("    .operation = {}, .channel = {}, .loops = {}, .depth = {},", i, channel,
         p_.loops.empty() ? "NULL" : "loops", static_cast<int>(p_.operations[i].depth));
    line("    .buffer = {{.offset = {}, .pitch = {}, .copies = {}}},", names_.buffer(c.buffer), pitch_of(b), b.copies);
    line("    .far = {},", *far);
    line("    .region = {{.dim = {{");
    for (const RegionDim& d : c.region.dims) print_dim(d);
    line("               }},");
    line("               .pitch = {{{}, {}}}}},", c.region.pitch[0], c.region.pitch[1]);
    line("}};\n");
    return {};
  }

  void print_dim(const RegionDim& d) {
    const std::string loop = d.units.loop == none ? "ARES_NONE" : names_.loop(d.units.loop).loop;
    line("                   {{.loop = {}, .units = {}, .extent = {}, .scale = {}, .offset = {}, .halo = {}}},", loop,
         d.units.loop == none ? d.units.whole : 0, d.extent, d.units.scale, d.offset, d.units.halo);
  }

  void print_state() {
    std::string loads, stores;
    for (size_t i = 0; i < p_.operations.size(); ++i)
      if (const auto* c = std::get_if<Copy>(&p_.operations[i].what)) {
        std::string& list = is_load(*c) ? loads : stores;
        list += (list.empty() ? "" : ", ") + names_.copy(static_cast<OperationId>(i));
      }
    line("typedef struct {{");
    line("  ares_position at[ARES_MAX_LOOPS];");
    if (!loads.empty()) line("  ares_load {};", loads);
    if (!stores.empty()) line("  ares_store {};", stores);
    line("}} walk;\n");
  }

  /// The load that fills an L2 buffer.
  std::string filler(BufferId b) const {
    if (b == none) return "NULL";
    for (size_t i = 0; i < p_.operations.size(); ++i)
      if (const auto* c = std::get_if<Copy>(&p_.operations[i].what); c && c->buffer == b)
        return "&w." + names_.copy(static_cast<OperationId>(i));
    return "NULL";
  }

  void print_walk() {
    line("void group_{}(void) {{", group_name(g_));
    line("  walk w;");
    for (size_t i = 0; i < p_.operations.size(); ++i)
      if (const auto* c = std::get_if<Copy>(&p_.operations[i].what)) {
        const std::string& name = names_.copy(static_cast<OperationId>(i));
        if (is_load(*c))
          line("  ares_load_begin(&w.{}, &{}_copy, {});", name, name, filler(c->staged_in));
        else
          line("  ares_store_begin(&w.{}, &{}_copy);", name, name);
      }
    line("");
    const Schedule tokens = schedule(p_);
    for (const Token& t : tokens) print_token(t);
    line("}}");
  }

  void print_token(const Token& t) {
    const auto i = static_cast<size_t>(t.index);
    switch (t.kind) {
      case TokenKind::loop_begin:
        return begin_loop(t.index);
      case TokenKind::loop_end:
        indent_ -= 2;
        return statement("}");
      case TokenKind::issue:
        return issue(i);
      case TokenKind::wait:
        return wait(i);
      case TokenKind::run:
        if (std::holds_alternative<Kernel>(p_.operations[i].what))
          return statement(condition(i) + kernel_function_name(p_, t.index) + "(&w);");
        return statement("// Here all workers are idle: kernels return when they are done.");
      case TokenKind::drain:
        return statement(fmt::format("ares_store_drain(&w.{});", names_.copy(t.index)));
    }
  }

  void statement(const std::string& s) {
    text_.append(static_cast<size_t>(indent_), ' ');
    text_ += s + '\n';
  }

  void begin_loop(LoopId i) {
    const LoopNames& n = names_.loop(i);
    const std::string count = p_.loops[static_cast<size_t>(i)].parent == none
                                  ? n.tiles
                                  : fmt::format("ares_loop_trips(loops, {}, w.at)", n.loop);
    statement(fmt::format("for (int32_t {0} = 0; {0} < {1}; ++{0}) {{", n.variable, count));
    indent_ += 2;
    statement(fmt::format("ares_loop_enter(loops, {}, {}, w.at);", n.loop, n.variable));
  }

  void issue(size_t i) {
    const std::string& name = names_.copy(static_cast<OperationId>(i));
    if (is_load(std::get<Copy>(p_.operations[i].what)))
      statement(fmt::format("ares_load_issue(&w.{});", name));
    else
      statement(fmt::format("{}ares_store_issue(&w.{}, w.at);", condition(i), name));
  }

  void wait(size_t i) {
    const OperationId target = std::get<Wait>(p_.operations[i].what).operation;
    const auto* copy = std::get_if<Copy>(&p_.operations[static_cast<size_t>(target)].what);
    if (!copy) return;
    statement(fmt::format("{}{}(&w.{});", condition(i), is_load(*copy) ? "ares_load_wait" : "ares_store_wait",
                          names_.copy(target)));
  }

  /// `if (..) ` where the operation takes place only in the first or last iteration of some loops.
  std::string condition(size_t i) const {
    const TileOperation& op = p_.operations[i];
    std::string all;
    for (size_t l = 0; l < op.depth; ++l) {
      const std::string at = fmt::format("w.at[{}]", names_.loop(static_cast<LoopId>(l)).loop);
      if (op.first_of >> l & 1) all += (all.empty() ? "" : " && ") + at + ".index == 0";
      if (op.last_of >> l & 1) all += (all.empty() ? "" : " && ") + at + ".last";
    }
    return all.empty() ? "" : "if (" + all + ") ";
  }

  const ProjectInput& in_;
  const PlannedGroup& g_;
  const TileProgram& p_;
  const GroupNames names_;
  std::string text_;
  int indent_ = 2;
};

}  // namespace

Result<std::string> group_source(const ProjectInput& in, const PlannedGroup& group) {
  return GroupPrinter(in, group).print();
}

}  // namespace ares
