// Jobs of the accelerator as C.
#include <fmt/format.h>

#include "codegen/kernel_call.hpp"
#include "core/group/accelerator.hpp"
#include "core/ir/graph.hpp"

namespace ares {
namespace {

/// Prints one job: its argument struct, as KernelPrinter does for kernels, and the function that starts it.
class JobPrinter {
 public:
  JobPrinter(const ProjectInput& in, const PlannedGroup& g, const GroupNames& names, OperationId index)
      : in_(in),
        g_(g),
        p_(g.program),
        names_(names),
        index_(index),
        job_(std::get<Job>(p_.operations[static_cast<size_t>(index)].what)) {}

  KernelText print() {
    const auto& layer = std::get<Weighted>(in_.graph.dag[g_.group.layers.front()].op);
    const Tensor& input = in_.graph.tensors[static_cast<size_t>(g_.group.inputs.front())];
    for (const auto& [name, buffer] :
         {std::pair{"in", job_.in}, {"weights", job_.weights}, {"params", job_.params}, {"out", job_.out}})
      tile(name, buffer);
    set("in_rows", "ares_padded(box, 0)");
    set("in_columns", "ares_padded(box, 1)");
    set("padding", "ares_padding_of(box)");
    field("padding_value", input.q.zero_point);
    field("fill", int{job_.fill});
    size("rows", job_.rows);
    size("columns", job_.columns);
    size("channels", job_.channels);
    size("reduction", job_.reduction);
    field("tokens", int{job_.tokens});
    field("kernel", job_.kind == JobKind::conv1x1 ? 1 : 3);
    field("stride", job_.stride);
    field("depthwise", int{job_.kind == JobKind::depthwise3x3});
    field("weight_bits", job_.weight_bits);
    field("scale_bits", job_.scale_bits);
    field("weight_offset", job_weight_offset(layer));
    field("shift", layer.requant.shift);
    field("operation", index_);
    return {"ares_ne16_args", "job", constants_, function(), job_.input_copy};
  }

 private:
  void field(const std::string& name, const std::string& value) {
    constants_ += fmt::format("            .{} = {},\n", name, value);
  }
  void field(const std::string& name, int value) { field(name, std::to_string(value)); }
  /// A field that depends on the tile.
  void set(const std::string& name, const std::string& value) {
    settings_ += fmt::format("  args->{} = {};\n", name, value);
  }
  void size(const std::string& name, const Extent& e) {
    e.loop == none ? field(name, names_.size(e, "")) : set(name, names_.size(e, "w->nest."));
  }

  void tile(const std::string& name, BufferId b) {
    for (size_t i = 0; i < p_.operations.size(); ++i)
      if (const auto* c = std::get_if<Copy>(&p_.operations[i].what); c && c->buffer == b)
        set(name, fmt::format("{}(&w->{})", is_load(*c) ? "ares_load_tile" : "ares_store_tile",
                              names_.copy(static_cast<OperationId>(i))));
    tiles_ += fmt::format("{}args->{}", tiles_.empty() ? "" : ", ", name);
  }

  std::string function() const {
    std::string text = "static void run_job(walk* w) {\n  ares_ne16_args* const args = &w->job;\n";
    text += fmt::format("  const ares_box* const box = ares_load_box(&w->{});\n", names_.copy(job_.input_copy));
    text += settings_;
    text += fmt::format("  const void* const tiles[] = {{{}}};\n", tiles_);
    text += fmt::format("  args->since = ares_kernel_begin({}, {}, w->nest.at, tiles, 4);\n", static_cast<int>(index_),
                        static_cast<int>(p_.operations[static_cast<size_t>(index_)].depth));
    return text + "  ares_ne16_start(args);\n" + preparations(p_, names_) + "}\n";
  }

  const ProjectInput& in_;
  const PlannedGroup& g_;
  const TileProgram& p_;
  const GroupNames& names_;
  OperationId index_;
  const Job& job_;
  std::string constants_, settings_, tiles_;
};

}  // namespace

KernelText job_text(const ProjectInput& in, const PlannedGroup& group, const GroupNames& names, OperationId index) {
  return JobPrinter(in, group, names, index).print();
}

}  // namespace ares
