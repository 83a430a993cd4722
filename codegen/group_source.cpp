// The C file of one group: its constants and tables, a function per kernel call, and the walk itself, which is the
// schedule's tokens printed one by one.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <vector>

#include "codegen/c_text.hpp"
#include "codegen/group_names.hpp"
#include "codegen/kernel_call.hpp"
#include "codegen/sources.hpp"
#include "core/ir/graph.hpp"
#include "core/tile/schedule.hpp"
#include "core/tile/state.hpp"
#include "core/tile/walker.hpp"

namespace ares {
namespace {

class GroupPrinter {
 public:
  GroupPrinter(const ProjectInput& in, const PlannedGroup& g) : in_(in), g_(g), p_(g.program), names_(g.program) {}

  Result<std::string> print() {
    text_ = header();
    print_loops();
    print_buffers();
    for (size_t i = 0; i < p_.operations.size(); ++i) {
      if (std::holds_alternative<Job>(p_.operations[i].what))
        kernels_.push_back(job_text(in_, g_, names_, static_cast<OperationId>(i)));
      if (!std::holds_alternative<Kernel>(p_.operations[i].what)) continue;
      auto kernel = kernel_text(in_, g_, names_, static_cast<OperationId>(i));
      if (!kernel) return tl::unexpected<Error>(kernel.error());
      kernels_.push_back(std::move(*kernel));
    }
    find_first_instances();
    early_ = early_loads(p_);
    print_state();
    if (const auto ok = print_initial_state(); !ok) return tl::unexpected<Error>(ok.error());
    if (const auto ok = print_early(); !ok) return tl::unexpected<Error>(ok.error());
    print_functions();
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
    return text + "\n#include \"network.h\"\n#include \"tile/ares_kernel.h\"\n#include \"tile/ares_state.h\"\n\n";
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
      case Operand::tails:
        return tails_constant(g_);
      case Operand::output:
        return tensor_constant(in_, g_.group.output);
      case Operand::input2:
        return tensor_constant(in_, g_.group.inputs[1]);
      case Operand::input3:
        break;
    }
    return tensor_constant(in_, g_.group.inputs[2]);
  }

  Result<std::string> channel(const Copy& c) const {
    const char* name = c.from == Level::l2 && c.to == Level::l1   ? "ARES_L2_TO_L1"
                       : c.from == Level::l1 && c.to == Level::l2 ? "ARES_L1_TO_L2"
                       : c.from == Level::l3 && c.to == Level::l2 ? "ARES_L3_TO_L2"
                                                                  : nullptr;
    if (!name)
      return fail(fmt::format("group {}: the runtime has no copy from {} to {} yet", g_.group.name, name_of(c.from),
                              name_of(c.to)));
    return std::string(name);
  }

  Result<void> print_copy(size_t i, const Copy& c) {
    if (c.stays) return {};
    const auto channel = this->channel(c);
    if (!channel) return tl::unexpected<Error>(channel.error());
    const auto far = far_end(c);
    if (!far) return tl::unexpected<Error>(far.error());
    if (once(i))
      print_once(i, c, *channel, *far);
    else
      print_looped(i, c, *channel, *far);
    return {};
  }

  bool once(size_t i) const { return happens_once(p_, static_cast<OperationId>(i)); }

  void print_once(size_t i, const Copy& c, const std::string& channel, const std::string& far) {
    const std::string& name = names_.copy(static_cast<OperationId>(i));
    if (c.early) {
      const auto at = std::find(early_.begin(), early_.end(), static_cast<OperationId>(i)) - early_.begin();
      line("    .{} = {{.operation = {}, .channel = {}, .early = {}}},", name, i, channel, at + 1);
    } else {
      line("    .{} = {{.operation = {}, .channel = {},", name, i, channel);
      line("        .cut = {}}},", first_instance_text(i, c, far));
    }
  }

  void print_looped(size_t i, const Copy& c, const std::string& channel, const std::string& far) {
    const Buffer& b = p_.buffers[static_cast<size_t>(c.buffer)];
    line("    .{} = {{", names_.copy(static_cast<OperationId>(i)));
    line("        .transfer = {{.operation = {}, .channel = {}, .depth = {},", i, channel,
         static_cast<int>(p_.operations[i].depth));
    line("                     .buffer = {{.offset = {}, .pitch = {}, .copies = {}}},", names_.buffer(c.buffer),
         pitch_of(b), b.copies);
    line("                     .far = {},", far);
    line("                     .region = {{.dim = {{");
    for (const RegionDim& d : c.region.dims) print_dim(d);
    line("                                }},");
    line("                                .pitch = {{{}, {}}}{}}}}},", c.region.pitch[0], c.region.pitch[1],
         c.region.compact ? ", .compact = true" : "");
    line("        .box = {},", box_text(resolve(c.region, first_[i])));
    if (is_load(c)) {
      print_first_position(i);
      if (c.early)
        line("        .issued = 1, .next_slot = {}, .slot = -1,", b.copies > 1 ? 1 : 0);
      else
        line("        .next = {}, .ready = 1, .slot = -1,", first_instance_text(i, c, far));
    }
    line("    }},");
  }

  void print_dim(const RegionDim& d) {
    const std::string loop = d.units.loop == none ? "ARES_NONE" : names_.loop(d.units.loop).loop;
    line(
        "                                    {{.loop = {}, .units = {}, .extent = {}, .scale = {}, .offset = {}, .halo "
        "= {}}},",
        loop, d.units.loop == none ? d.units.whole : 0, d.extent, d.units.scale, d.offset, d.units.halo);
  }

  static std::string box_text(const Box& b) {
    return fmt::format("{{{{{}}}, {{{}}}, {{{}}}, {{{}}}}}", fmt::join(b.begin, ", "), fmt::join(b.size, ", "),
                       fmt::join(b.pad_before, ", "), fmt::join(b.pad_after, ", "));
  }

  /// The position of each operation's first instance.
  void find_first_instances() {
    first_.resize(p_.operations.size());
    std::vector<bool> seen(p_.operations.size());
    const auto sink = [&](const Step& s) {
      const auto i = static_cast<size_t>(s.operation);
      if (s.kind == StepKind::wait || seen[i]) return;
      seen[i] = true;
      first_[i] = *s.position;
    };
    walk_early(p_, sink);
    walk(p_, sink);
  }

  void print_first_position(size_t i) {
    if (p_.operations[i].depth == 0) return;
    line("        .at = {{");
    for (size_t l = 0; l < p_.operations[i].depth; ++l)
      line("            {{.index = 0, .begin = 0, .size = {}, .last = {}}},", first_[i][l].size,
           first_[i][l].last ? 1 : 0);
    line("        }},");
  }

  /// The first instance of a load, as ares_load_prepare() would have it.
  std::string first_instance_text(size_t i, const Copy& c, const std::string& far) const {
    const Position& at = first_[i];
    const Box box = resolve(c.region, at);
    const DmaShape shape = dma_shape(c.region, box);
    const int32_t pixel = box.pad_before[2] + box.size[2] + box.pad_after[2];
    const int32_t row = held_columns(c.region, box) * pixel;
    const bool columns_merge = box.size[1] == 1 || box.size[2] == c.region.pitch[1];
    const int32_t pitch = columns_merge ? c.region.pitch[0] : c.region.pitch[1];
    return fmt::format(
        "{{.commands = {}, .near_step = {}, .far_step = {},\n"
        "                 .command = {{.near = {} + {}, .far = {} + {}, .rows = {}, .row_bytes = {}, .far_pitch = "
        "{}}}}}",
        shape.commands, row, c.region.pitch[0], names_.buffer(c.buffer), near_offset(c.region, box),
        c.staged_in == none ? far : names_.buffer(c.staged_in), far_offset(p_, c, at), shape.rows, shape.row_bytes,
        pitch);
  }

  /// The early loads, for the group before.
  Result<void> print_early() {
    if (!begins_early(in_, g_)) return {};
    const std::string function = early_function(in_, g_);
    if (early_.empty()) {
      line("// While the group before computes.");
      line("void {}(void) {{ ares_state_early(&initial, sizeof initial); }}\n", function);
      return {};
    }
    line("// Loads that begin while the group before computes.");
    line("static const ares_cut early[] = {{");
    for (const OperationId i : early_) {
      const auto& c = std::get<Copy>(p_.operations[static_cast<size_t>(i)].what);
      const auto far = far_end(c);
      if (!far) return tl::unexpected<Error>(far.error());
      line("    {},  // {}", first_instance_text(static_cast<size_t>(i), c, *far), names_.copy(i));
    }
    line("}};\n");
    line("void {}(void) {{", function);
    line("  ares_state_early(&initial, sizeof initial);");
    line("  ares_early_issue(early, {});", early_.size());
    line("}}\n");
    return {};
  }

  /// What the operation that runs ahead begins with: its place in the loops and the tiles that it hands over.
  void print_ahead(size_t i) {
    const auto* kernel = std::get_if<Kernel>(&p_.operations[i].what);
    const BufferId out = kernel ? kernel->out : std::get<Job>(p_.operations[i].what).out;
    const Buffer& b = p_.buffers[static_cast<size_t>(out)];
    line("    .ahead = {{");
    line("        .buffer = {{.offset = {}, .pitch = {}, .copies = {}}},", names_.buffer(out), pitch_of(b), b.copies);
    line("        .depth = {},", static_cast<int>(p_.operations[i].depth));
    print_first_position(i);
    line("    }},");
  }

  /// The loads whose boxes kernels ask for.
  std::vector<OperationId> loads_with_boxes() const {
    std::vector<OperationId> all;
    for (const KernelText& k : kernels_)
      if (k.box_copy != none && std::find(all.begin(), all.end(), k.box_copy) == all.end()) all.push_back(k.box_copy);
    return all;
  }

  int copies_of(OperationId load) const {
    const auto& c = std::get<Copy>(p_.operations[static_cast<size_t>(load)].what);
    return p_.buffers[static_cast<size_t>(c.buffer)].copies;
  }

  void print_state() {
    std::string loads, stores, single;
    for (size_t i = 0; i < p_.operations.size(); ++i)
      if (const auto* c = std::get_if<Copy>(&p_.operations[i].what); c && !c->stays) {
        std::string& list = once(i) ? single : is_load(*c) ? loads : stores;
        list += (list.empty() ? "" : ", ") + names_.copy(static_cast<OperationId>(i));
      }
    line("// The group's state: loops, copies, arguments of its kernel.");
    line("typedef struct {{");
    if (has_nest()) line("  ares_nest nest;");
    if (!single.empty()) line("  ares_once {};", single);
    if (!loads.empty()) line("  ares_load {};", loads);
    if (!stores.empty()) line("  ares_store {};", stores);
    for (const OperationId i : loads_with_boxes()) line("  ares_box {}_boxes[{}];", names_.copy(i), copies_of(i));
    if (std::any_of(p_.operations.begin(), p_.operations.end(), runs_ahead)) line("  ares_ahead ahead;");
    for (const KernelText& k : kernels_) line("  {} {};", k.arguments_type, k.arguments);
    line("}} walk;\n");
    line("_Static_assert(sizeof(walk) <= ARES_STATE_BYTES, \"the group's state is larger than ARES_STATE_BYTES\");\n");
  }

  /// A copy out of a buffer in L2 asks where the loops are, even if there are none.
  bool has_nest() const {
    if (!p_.loops.empty()) return true;
    for (size_t i = 0; i < p_.operations.size(); ++i)
      if (std::holds_alternative<Copy>(p_.operations[i].what) && !once(i)) return true;
    return false;
  }

  Result<void> print_initial_state() {
    line("static const walk initial = {{");
    if (!p_.loops.empty()) {
      line("    .nest = {{.loops = {{");
      for (size_t i = 0; i < p_.loops.size(); ++i) {
        const Loop& l = p_.loops[i];
        const LoopNames& n = names_.loop(static_cast<LoopId>(i));
        line("        [{}] = {{.parent = {}, .extent = {}, .tile = {}}},", n.loop,
             l.parent == none ? "ARES_NONE" : names_.loop(l.parent).loop,
             l.parent == none ? n.extent : std::to_string(l.extent), n.tile);
      }
      line("    }}}},");
    }
    for (size_t i = 0; i < p_.operations.size(); ++i)
      if (const auto* copy = std::get_if<Copy>(&p_.operations[i].what))
        if (const auto ok = print_copy(i, *copy); !ok) return ok;
    for (size_t i = 0; i < p_.operations.size(); ++i)
      if (runs_ahead(p_.operations[i])) print_ahead(i);
    for (const KernelText& k : kernels_) {
      line("    .{} = {{", k.arguments);
      text_ += k.constants;
      line("    }},");
    }
    line("}};\n");
    return {};
  }

  /// The load that fills an L2 buffer.
  std::string filler(BufferId b) const {
    if (b == none) return "NULL";
    for (size_t i = 0; i < p_.operations.size(); ++i)
      if (const auto* c = std::get_if<Copy>(&p_.operations[i].what); c && c->buffer == b)
        return "&w->" + names_.copy(static_cast<OperationId>(i));
    return "NULL";
  }

  void print_walk() {
    line("void {}(void) {{", global_name(in_, "group_" + group_name(g_)));
    line("  walk* const w = ares_state(&initial, sizeof initial);");
    for (size_t i = 0; i < p_.operations.size(); ++i)
      if (const auto* c = std::get_if<Copy>(&p_.operations[i].what); c && c->staged_in != none)
        line("  w->{}.staged = {};", names_.copy(static_cast<OperationId>(i)), filler(c->staged_in));
    for (const OperationId i : loads_with_boxes()) line("  w->{0}.boxes = w->{0}_boxes;", names_.copy(i));
    for (size_t i = 0; i < early_.size(); ++i)
      if (!once(static_cast<size_t>(early_[i]))) line("  ares_early_take(&w->{}, {});", names_.copy(early_[i]), i);
    line("");
    const Schedule tokens = schedule(p_);
    for (const Token& t : tokens) print_token(t);
    print_late();
    line("}}");
  }

  /// The store of the group before must have ended; the group's own may go on.
  void print_late() {
    const bool first = &g_ == in_.program.groups.data();
    if (!first && late_store((&g_ - 1)->program) != none) statement("ares_late_wait();");
    if (const OperationId own = late_store(p_); own != none)
      statement(fmt::format("ares_late(&w->{});", names_.copy(own)));
  }

  /// A job that a kernel starts stands in front of it.
  void print_functions() {
    for (size_t i = 0, k = 0; i < p_.operations.size(); ++i) {
      if (!std::holds_alternative<Kernel>(p_.operations[i].what) && !std::holds_alternative<Job>(p_.operations[i].what))
        continue;
      const bool behind = starts_job(i), before = i > 0 && starts_job(i - 1);
      line("{}", kernels_[behind ? k + 1 : before ? k - 1 : k].function);
      ++k;
    }
  }

  /// The kernel starts the job behind it.
  bool starts_job(size_t i) const {
    const auto* kernel = std::get_if<Kernel>(&p_.operations[i].what);
    return kernel && kernel->beside_job;
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
        if (i > 0 && starts_job(i - 1)) return;
        if (std::holds_alternative<Job>(p_.operations[i].what))
          return statement(condition(i) + job_function_name(p_, t.index) + "(w);");
        if (std::holds_alternative<Kernel>(p_.operations[i].what))
          return statement(condition(i) + kernel_function_name(p_, t.index) + "(w);");
        return statement("// Here all workers are idle: kernels return when they are done.");
      case TokenKind::drain:
        if (!std::holds_alternative<Job>(p_.operations[i].what))  // each job has been waited for
          statement(fmt::format("{}(&w->{});", once(i) ? "ares_once_wait" : "ares_store_drain", names_.copy(t.index)));
        return;
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
                                  : fmt::format("ares_loop_trips(&w->nest, {})", n.loop);
    statement(fmt::format("for (int32_t {0} = 0; {0} < {1}; ++{0}) {{", n.variable, count));
    indent_ += 2;
    statement(fmt::format("ares_loop_enter(&w->nest, {}, {});", n.loop, n.variable));
  }

  void issue(size_t i) {
    const std::string& name = names_.copy(static_cast<OperationId>(i));
    const auto& copy = std::get<Copy>(p_.operations[i].what);
    if (once(i))
      issue_once(i, copy.early, name);
    else if (is_load(copy))
      statement(fmt::format("ares_load_issue(&w->nest, &w->{});", name));
    else
      statement(fmt::format("{}ares_store_issue(&w->nest, &w->{});", condition(i), name));
  }

  /// Behind an issue that runs ahead there is no further instance.
  void issue_once(size_t i, bool begun, const std::string& name) {
    if (!begun && !issued_[i]) statement(fmt::format("ares_once_issue(&w->{});", name));
    issued_[i] = true;
  }

  void wait(size_t i) {
    const OperationId target = std::get<Wait>(p_.operations[i].what).operation;
    const auto* copy = std::get_if<Copy>(&p_.operations[static_cast<size_t>(target)].what);
    if (!copy) return take_over(target);
    const bool single = once(static_cast<size_t>(target));
    if (single && !is_load(*copy)) return;  // its slot has not been used
    const char* function = single ? "ares_once_wait" : is_load(*copy) ? "ares_load_wait" : "ares_store_wait";
    statement(fmt::format("{}{}(&w->{});", condition(i), function, names_.copy(target)));
  }

  /// A job is done, and where it or a kernel runs ahead, the loops have come to its tile.
  void take_over(OperationId i) {
    const TileOperation& op = p_.operations[static_cast<size_t>(i)];
    if (std::holds_alternative<Job>(op.what))
      statement(fmt::format("ares_ne16_wait(&w->{});", job_arguments_name(p_, i)));
    if (runs_ahead(op)) statement("ares_ahead_take(&w->ahead);");
  }

  /// `if (..) ` where the operation takes place only in the first or last iteration of some loops.
  std::string condition(size_t i) const {
    const TileOperation& op = p_.operations[i];
    std::string all;
    for (size_t l = 0; l < op.depth; ++l) {
      const std::string at = fmt::format("w->nest.at[{}]", names_.loop(static_cast<LoopId>(l)).loop);
      if (op.first_of >> l & 1) all += (all.empty() ? "" : " && ") + at + ".index == 0";
      if (op.last_of >> l & 1) all += (all.empty() ? "" : " && ") + at + ".last";
    }
    return all.empty() ? "" : "if (" + all + ") ";
  }

  const ProjectInput& in_;
  const PlannedGroup& g_;
  const TileProgram& p_;
  const GroupNames names_;
  std::vector<KernelText> kernels_;
  std::vector<Position> first_;     ///< per copy: where its first instance is
  std::vector<OperationId> early_;  ///< in the order in which the group before starts them
  std::array<bool, max_operations> issued_{};
  std::string text_;
  int indent_ = 2;
};

}  // namespace

Result<std::string> group_source(const ProjectInput& in, const PlannedGroup& group) {
  return GroupPrinter(in, group).print();
}

}  // namespace ares
