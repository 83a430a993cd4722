// Names of a kernel's function and arguments, what prepares its tiles, its requantisation.
#include <fmt/format.h>

#include "codegen/kernel_call.hpp"
#include "core/ir/graph.hpp"
#include "core/tile/state.hpp"

namespace ares {

const char* runtime_type(ElementType t) {
  return t == ElementType::u8 ? "ARES_U8" : t == ElementType::s16 ? "ARES_S16" : "ARES_S32";
}

namespace {

/// `base`, numbered where the program has several operations of the kind T.
template <class T>
std::string numbered(const char* base, const TileProgram& program, OperationId index) {
  int before = 0, all = 0;
  for (size_t i = 0; i < program.operations.size(); ++i) {
    const bool one = std::holds_alternative<T>(program.operations[i].what);
    all += one;
    before += one && i < static_cast<size_t>(index);
  }
  return all == 1 ? base : fmt::format("{}_{}", base, before + 1);
}

/// The last kernel or job of an iteration, whose result is stored.
bool is_last(const TileProgram& program, OperationId index) {
  const auto result = [&](size_t i) {
    const TileOperation& op = program.operations[i];
    return !runs_ahead(op) && (std::holds_alternative<Kernel>(op.what) || std::holds_alternative<Job>(op.what));
  };
  const auto own = static_cast<size_t>(index);
  for (size_t i = own + 1; i < program.operations.size(); ++i)
    if (result(i)) return false;
  return result(own);
}

}  // namespace

std::vector<OperationId> early_loads(const TileProgram& program) {
  std::vector<OperationId> all;
  for (size_t i = 0; i < program.operations.size(); ++i)
    if (const auto* c = std::get_if<Copy>(&program.operations[i].what); c && c->early)
      all.push_back(static_cast<OperationId>(i));
  return all;
}

OperationId late_store(const TileProgram& program) {
  for (size_t i = 0; i < program.operations.size(); ++i)
    if (const auto* c = std::get_if<Copy>(&program.operations[i].what); c && c->late)
      return static_cast<OperationId>(i);
  return none;
}

bool begins_early(const ProjectInput& in, const PlannedGroup& group) {
  return &group != in.program.groups.data() && last_run((&group - 1)->program) != none;
}

std::string early_function(const ProjectInput& in, const PlannedGroup& group) {
  return global_name(in, "early_" + group_name(group));
}

std::string early_call(const ProjectInput& in, const PlannedGroup& group, const GroupNames& names, OperationId index) {
  const PlannedGroup* const next = &group + 1;
  if (next == in.program.groups.data() + in.program.groups.size() || index != last_run(group.program)) return "";
  std::string last;
  for (size_t l = 0; l < group.program.loops.size(); ++l)
    last += fmt::format("{}w->nest.at[{}].last", last.empty() ? "" : " && ", names.loop(static_cast<LoopId>(l)).loop);
  return fmt::format("  {}{}();\n", last.empty() ? "" : "if (" + last + ") ", early_function(in, *next));
}

std::string preparations(const TileProgram& program, const GroupNames& names, OperationId index) {
  std::string text;
  const bool last = is_last(program, index);
  for (size_t i = 0; i < program.operations.size(); ++i) {
    const auto* c = std::get_if<Copy>(&program.operations[i].what);
    if (!c || happens_once(program, static_cast<OperationId>(i))) continue;
    if (is_load(*c) ? program.operations[i].depth == 0 : !last) continue;
    text += fmt::format("  {}(&w->nest, &w->{});\n", is_load(*c) ? "ares_load_prepare" : "ares_store_prepare",
                        names.copy(static_cast<OperationId>(i)));
  }
  return text;
}

std::string tile_text(const TileProgram& program, const GroupNames& names, OperationId index, BufferId buffer) {
  for (size_t i = 0; i < program.operations.size(); ++i) {
    const TileOperation& op = program.operations[i];
    if (const auto* c = std::get_if<Copy>(&op.what);
        c && c->buffer == buffer && !happens_once(program, static_cast<OperationId>(i)))
      return fmt::format("{}(&w->{})", is_load(*c) ? "ares_load_tile" : "ares_store_tile",
                         names.copy(static_cast<OperationId>(i)));
    if (!runs_ahead(op)) continue;
    const auto* kernel = std::get_if<Kernel>(&op.what);
    if ((kernel ? kernel->out : std::get<Job>(op.what).out) == buffer)
      return i == static_cast<size_t>(index) ? "ares_ahead_next(&w->ahead)" : "ares_ahead_tile(&w->ahead)";
  }
  return fmt::format("ares_l1() + {}", names.buffer(buffer));
}

namespace {

/// Waits for the instance of a load that the operation running ahead reads next.
std::string reach_text(const TileProgram& program, const GroupNames& names, OperationId load) {
  if (happens_once(program, load)) return fmt::format("  ares_once_wait(&w->{});\n", names.copy(load));
  return fmt::format("  ares_load_reach(&w->{}, w->ahead.entered[{}]);\n", names.copy(load),
                     program.operations[static_cast<size_t>(load)].depth);
}

}  // namespace

AheadText ahead_text(const TileProgram& program, const GroupNames& names, OperationId index) {
  const TileOperation& op = program.operations[static_cast<size_t>(index)];
  if (!runs_ahead(op)) return {};
  AheadText text;
  text.begin = "  if (w->ahead.done) return;\n";
  for (const BufferId b : read_ahead(op))
    for (size_t i = 0; i < program.operations.size(); ++i)
      if (const auto* c = std::get_if<Copy>(&program.operations[i].what); c && b != none && c->buffer == b && !c->stays)
        text.begin += reach_text(program, names, static_cast<OperationId>(i));
  text.end = "  ares_ahead_advance(&w->nest, &w->ahead);\n";
  return text;
}

std::string padding_text(const Box& b) {
  return fmt::format("{{{}, {}, {}, {}}}", b.pad_before[0], b.pad_before[1], b.pad_after[0], b.pad_after[1]);
}

std::string position_text(const TileProgram& program, OperationId index) {
  return program.loops.empty() ? "NULL" : fmt::format("{}.at", loops_text(program, index));
}

std::optional<Box> known_box(const TileProgram& program, OperationId load) {
  if (!happens_once(program, load)) return std::nullopt;
  return resolve(std::get<Copy>(program.operations[static_cast<size_t>(load)].what).region, Position{});
}

const char* loops_text(const TileProgram& program, OperationId index) {
  return runs_ahead(program.operations[static_cast<size_t>(index)]) ? "w->ahead" : "w->nest";
}

std::string kernel_function_name(const TileProgram& program, OperationId index) {
  return numbered<Kernel>("run_kernel", program, index);
}

std::string kernel_arguments_name(const TileProgram& program, OperationId index) {
  return numbered<Kernel>("arguments", program, index);
}

std::string job_function_name(const TileProgram& program, OperationId index) {
  return numbered<Job>("run_job", program, index);
}

std::string job_arguments_name(const TileProgram& program, OperationId index) {
  return numbered<Job>("job", program, index);
}

std::string requant_text(const ProjectInput& in, const PlannedGroup& group, uint8_t layer) {
  const Requant* const requant = requant_of(in.graph.dag[group.group.layers[layer]].op);
  if (!requant) return "{0}";
  const GroupShape& shape = group.group.shape;
  const ElementType out = layer == 0 ? shape.out_type : shape.tails[layer - 1u].out_type;
  const std::string type = out == ElementType::u8 ? "" : fmt::format(", .type = {}", runtime_type(out));
  static constexpr const char* forms[] = {"ARES_NARROW", "ARES_WIDE", "ARES_RAW"};
  static constexpr const char* roundings[] = {"ARES_HALF_UP", "ARES_HALF_EVEN"};
  const Requant& r = *requant;
  return fmt::format("{{{}, {}, .shift = {}, .pre_shift = {}, .lo = {}, .hi = {}, .tie_width = {}{}}}",
                     forms[static_cast<size_t>(r.form)], roundings[static_cast<size_t>(r.rounding)], r.shift,
                     r.pre_shift, r.lo, r.hi, r.tie_width, type);
}

}  // namespace ares
