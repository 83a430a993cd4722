// Jobs of the accelerator as C.
#include <fmt/format.h>

#include <algorithm>

#include "codegen/kernel_call.hpp"
#include "core/group/accelerator.hpp"
#include "core/ir/graph.hpp"
#include "core/tile/state.hpp"
#include "core/tile/walker.hpp"

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
    const auto& layer = std::get<Weighted>(in_.graph.dag[g_.group.layers[job_.layer]].op);
    const Tensor& input = in_.graph.tensors[static_cast<size_t>(g_.group.inputs.front())];
    tile("in", job_.in);
    tile("weights", job_.weights, job_.weights_at);
    tile("params", job_.params, job_.params_at);
    tile("out", job_.out);
    input_box();
    field("padding_value", input.q.zero_point);
    field("fill", int{job_.fill});
    size("rows", job_.rows);
    size("columns", job_.columns);
    size("channels", job_.channels);
    size("reduction", job_.reduction);
    size("in_pitch", pitch(job_.reduction));
    size("out_pitch", pitch(job_.channels));
    field("first", job_.first);
    field("tokens", int{job_.tokens});
    field("kernel", kernel());
    field("stride", job_.stride);
    field("depthwise", int{job_.kind == JobKind::depthwise3x3});
    field("weight_bits", job_.weight_bits);
    field("operation", index_);
    if (described()) {
      field("described", 1);
      field("job", fmt::format("{{{{{},\n                     {}}}}}", tile_registers(), constant_registers(layer)));
    } else {
      field("sizes", fmt::format("{{{}, {}}}", size_text(tile_of_step(false)), size_text(tile_of_step(true))));
      field("job", fmt::format("{{{{{}}}}}", constant_registers(layer)));
    }
    return {"ares_ne16_args", job_arguments_name(p_, index_), constants_, function(),
            asks_box() ? job_.input_copy : none};
  }

 private:
  struct Tile {
    int32_t rows = 1, columns = 1, channels = 1, reduction = 1, in_pixel = 1, out_pixel = 1;
  };
  /// Registers that depend on the size of the tile, as ares_ne16_size.
  struct Size {
    int32_t in_pixel, out_pixel, out_row, weight_row;
    uint32_t remainders, rests, groups, patches;
    int32_t columns;  ///< of the image that the engine sees
  };

  std::optional<Box> whole_box() const {
    return job_.input_copy == none ? std::nullopt : known_box(p_, job_.input_copy);
  }
  bool asks_box() const { return job_.input_copy != none && !whole_box(); }

  void input_box() {
    if (const auto box = whole_box()) {
      field("in_rows", box->pad_before[0] + box->size[0] + box->pad_after[0]);
      field("in_columns", box->size[1] + (job_.fill ? box->pad_before[1] + box->pad_after[1] : 0));
      field("padding", padding_text(*box));
    } else if (asks_box()) {
      set("in_rows", "ares_padded(box, 0)");
      set("in_columns", job_.fill ? "ares_padded(box, 1)" : "box->size[1]");
      set("padding", "ares_padding_of(box)");
    } else {
      size("in_rows", job_.rows);
      size("in_columns", job_.columns);
    }
  }

  bool described() const { return known_job(p_, index_); }

  /// Registers that ares_ne16_start() would write for a tile.
  std::string tile_registers() const {
    const Tile t = tile_of_step(false);
    const Size s = size_of(t);
    const Box held = whole_box().value_or(Box{}), box = job_.fill ? Box{} : held;
    const int32_t rows = static_cast<int32_t>(s.rests >> 16), columns = static_cast<int32_t>(s.rests & 0xffff),
                  halo = kernel() - 1;
    const int32_t filled = job_.fill ? held.pad_before[1] + held.pad_after[1] : 0;
    const int32_t in_columns = job_.tokens ? s.columns : whole_box() ? held.size[1] + filled : t.columns;
    const uint32_t in_rests =
        pair(rows ? rows + halo - box.pad_after[0] : 0, columns ? columns + halo - box.pad_after[1] : 0);
    const auto padding = static_cast<uint32_t>(box.pad_before[0] << 28 | box.pad_after[1] << 24 |
                                               box.pad_after[0] << 20 | box.pad_before[1] << 16);
    const auto at = [&](BufferId b, int32_t offset) { return plus(names_.buffer(b), offset); };
    return fmt::format(
        "{}, {}, {}, {}, [5] = {}, {}, {},\n                     [10] = {}, {}, [13] = {}, [15] = {:#x}, {:#x}, "
        "{:#x}, {:#x}, {:#x}, {:#x}",
        at(job_.weights, job_.weights_at), at(job_.in, job_.first), at(job_.out, job_.first),
        at(job_.params, job_.params_at + 4 * t.channels), at(job_.params, job_.params_at), s.in_pixel,
        s.in_pixel * in_columns, s.out_pixel, s.out_row, s.weight_row, s.remainders, s.rests, in_rests, s.groups,
        s.patches, padding);
  }

  /// The first or the last tile.
  Tile tile_of_step(bool last) const {
    Tile t;
    bool seen = false;
    walk(p_, [&](const Step& s) {
      if (s.kind != StepKind::run || s.operation != index_ || (seen && !last)) return;
      seen = true;
      const Position& at = *s.position;
      t = {resolve(job_.rows, at),      resolve(job_.columns, at),          resolve(job_.channels, at),
           resolve(job_.reduction, at), resolve(pitch(job_.reduction), at), resolve(pitch(job_.channels), at)};
    });
    return t;
  }

  static std::string plus(const std::string& text, int32_t offset) {
    return offset == 0 ? text : fmt::format("{} + {}", text, offset);
  }

  /// Channels of a pixel in a tile of which the job has these.
  Extent pitch(const Extent& own) const { return job_.pixel > 0 ? Extent{none, job_.pixel} : own; }

  int32_t kernel() const { return job_.kind == JobKind::conv1x1 ? 1 : 3; }
  static uint32_t pair(int32_t high, int32_t low) { return static_cast<uint32_t>(high << 16 | low); }

  /// As measure() of runtime/kernels/ares_ne16.c has it.
  Size size_of(const Tile& t) const {
    const auto ceil_div = [](int32_t n, int32_t by) { return (n + by - 1) / by; };
    const auto rest = [](int32_t n) { return n % job_patch; };
    const bool depthwise = job_.kind == JobKind::depthwise3x3;
    const int32_t pixels = t.rows * t.columns, apart = kernel() == 1 ? job_.stride : 1;
    const int32_t half = kernel() > 1 && job_.stride > 1 ? 2 : 1;
    int32_t rows = t.rows, columns = t.columns;
    if (job_.tokens) {
      columns = std::min(pixels, job_patch);
      rows = ceil_div(pixels, columns);
    }
    const int32_t group = depthwise ? job_channels_in : job_channels_out;
    const int32_t in = ceil_div(t.reduction, job_channels_in), out = ceil_div(t.channels, group);
    const uint32_t patches = half > 1 ? pair(1, 1) : pair(ceil_div(rows, job_patch), ceil_div(columns, job_patch));
    return {t.in_pixel * apart,
            t.out_pixel / half,
            t.out_pixel * columns / half,
            2 * in * job_.weight_bits * kernel() * kernel(),
            pair(t.channels - group * (out - 1), t.reduction - job_channels_in * (in - 1)),
            pair(rest(rows), rest(columns)),
            pair(out, in),
            patches,
            columns};
  }

  std::string size_text(const Tile& t) const {
    const Size s = size_of(t);
    return fmt::format("{{{}, {}, {}, {}, {}, {}, {}, {:#x}, {:#x}, {:#x}, {:#x}}}", t.rows, t.columns, t.channels,
                       s.in_pixel, s.out_pixel, s.out_row, s.weight_row, s.remainders, s.rests, s.groups, s.patches);
  }

  /// Registers that are the same for all tiles: output and weight strides, weight offset, configuration.
  std::string constant_registers(const Weighted& layer) const {
    constexpr uint32_t quantised = 1 << 4, depthwise = 1 << 5, pointwise = 2 << 5, strided = 1 << 8, offset = 1 << 15,
                       bias = 1 << 25;
    const bool in_patches = kernel() > 1 && job_.stride > 1;
    const uint32_t mode = job_.kind == JobKind::depthwise3x3 ? depthwise : kernel() == 1 ? pointwise : 0;
    const uint32_t configuration = (job_.weight_bits - 1u) | quantised | mode | (in_patches ? strided : 0) |
                                   static_cast<uint32_t>(job_.scale_bits >> 4) << 12 | offset |
                                   static_cast<uint32_t>(layer.requant.shift) << 16 | bias;
    return fmt::format("[9] = {}, [12] = {}, [21] = {:#x}, [23] = {:#x}", job_channels_out,
                       2 * (kernel() == 1 ? int{job_.weight_bits} : kernel() * kernel()),
                       static_cast<uint32_t>(job_weight_offset(layer)), configuration);
  }

  void field(const std::string& name, const std::string& value) {
    constants_ += fmt::format("            .{} = {},\n", name, value);
  }
  void field(const std::string& name, int value) { field(name, std::to_string(value)); }
  /// A field that depends on the tile.
  void set(const std::string& name, const std::string& value) {
    settings_ += fmt::format("  args->{} = {};\n", name, value);
  }
  void size(const std::string& name, const Extent& e) {
    e.loop == none ? field(name, names_.size(e, ""))
                   : set(name, names_.size(e, fmt::format("{}.", loops_text(p_, index_))));
  }

  void tile(const std::string& name, BufferId b, int32_t offset = 0) {
    const std::string text = plus(tile_text(p_, names_, index_, b), offset);
    const bool registers_tell = described() && !(job_.fill && name == "in");  // workers fill the input tile
    if (!registers_tell) set(name, text);
    tiles_ += (tiles_.empty() ? "" : ", ") + (registers_tell ? text : "args->" + name);
  }

  std::string function() const {
    std::string text = fmt::format("static void {}(walk* w) {{\n  ares_ne16_args* const args = &w->{};\n",
                                   job_function_name(p_, index_), job_arguments_name(p_, index_));
    const AheadText ahead = ahead_text(p_, names_, index_);
    text += ahead.begin;
    if (asks_box())
      text += fmt::format("  const ares_box* const box = ares_load_box(&w->{});\n", names_.copy(job_.input_copy));
    text += settings_;
    text += fmt::format("  const void* const tiles[] = {{{}}};\n", tiles_);
    text += fmt::format("  args->since = ares_kernel_begin({}, {}, {}, tiles, 4);\n", static_cast<int>(index_),
                        static_cast<int>(p_.operations[static_cast<size_t>(index_)].depth), position_text(p_, index_));
    return text + "  ares_ne16_start(args);\n" + ahead.end + early_call(in_, g_, names_, index_) +
           preparations(p_, names_, index_) + "}\n";
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
