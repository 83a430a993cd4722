#include "codegen/kernel_call.hpp"
#include "core/arithmetic/softmax.hpp"
#include "core/ir/graph.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ares {
namespace {

/// Prints one call: the kernel's argument struct, field by field. What is the same for all tiles is part of the group's
/// initial state, the rest is set before each call.
class KernelPrinter {
 public:
  KernelPrinter(const ProjectInput& in, const PlannedGroup& g, const GroupNames& names, OperationId index)
      : in_(in),
        g_(g),
        p_(g.program),
        names_(names),
        index_(index),
        op_(p_.operations[static_cast<size_t>(index)]),
        k_(std::get<Kernel>(op_.what)) {}

  Result<KernelText> print() {
    switch (k_.kind) {
      case KernelKind::conv:
        conv();
        return function("ares_conv");
      case KernelKind::linear:
        if (const auto ok = linear(); !ok) return tl::unexpected<Error>(ok.error());
        return function("ares_linear");
      case KernelKind::depthwise:
        depthwise();
        return function("ares_depthwise");
      case KernelKind::max_pool:
        max_pool();
        return function("ares_max_pool");
      case KernelKind::average_pool:
        average_pool();
        return function("ares_average_pool");
      case KernelKind::table:
        table();
        return function("ares_table");
      case KernelKind::curve:
        curve();
        return function("ares_curve");
      case KernelKind::add:
        elementwise("ares_channel_params");
        return function("ares_add");
      case KernelKind::multiply:
        elementwise("ares_product_params");
        return function("ares_multiply");
      case KernelKind::rearrange:
        rearrange();
        return function("ares_rearrange");
      case KernelKind::norm:
        norm();
        return function("ares_norm");
      case KernelKind::softmax:
        softmax();
        return function("ares_softmax");
      case KernelKind::matmul:
        matmul();
        return function("ares_matmul");
      case KernelKind::scan:
        scan();
        return function("ares_scan");
      case KernelKind::transform:
        transform();
        return function("ares_transform");
      case KernelKind::rotary:
        rotary();
        return function("ares_rotary");
      case KernelKind::lookup:
        lookup();
        return function("ares_lookup");
      default:
        return fail(fmt::format("group {}: the runtime has no kernel of kind {} yet", g_.group.name,
                                static_cast<int>(k_.kind)));
    }
  }

 private:
  void field(const std::string& name, const std::string& value) {
    constants_ += fmt::format("            .{} = {},\n", name, value);
  }
  /// A field that depends on the tile.
  void set(const std::string& name, const std::string& value) {
    settings_ += fmt::format("  args->{} = {};\n", name, value);
  }
  void field(const std::string& name, int64_t value) { field(name, std::to_string(value)); }
  void size(const std::string& name, const Extent& e) {
    e.loop == none ? field(name, names_.size(e, ""))
                   : set(name, names_.size(e, fmt::format("{}.", loops_text(p_, index_))));
  }

  void type(const std::string& name, ElementType t) { field(name, runtime_type(t)); }
  /// How many `part` channels (of a set, of a head) there are.
  void parts(const std::string& name, int32_t part) {
    const Extent& e = k_.channels;
    size(name, {e.loop, e.loop == none ? ((e.whole - 1) * e.scale + e.halo) / part : e.whole, 1, 1});
  }

  void tile(const std::string& name, BufferId b, const std::string& cast = "") {
    const std::string text = tile_text(p_, names_, index_, b);
    set(name, cast.empty() ? text : fmt::format("{}({})", cast, text));
    tiles_ += fmt::format("{}args->{}", tiles_.empty() ? "" : ", ", name);
    ++tile_count_;
  }

  void window() {
    const Window& w = k_.window;
    field("window", fmt::format("{{.kh = {}, .kw = {}, .sh = {}, .sw = {}, .dh = {}, .dw = {}}}", w.kh, w.kw, w.sh,
                                w.sw, w.dh, w.dw));
  }

  void blocking() {
    if (k_.tiling == 0) return;
    static constexpr const char* styles[] = {"ARES_GEMM", "ARES_IM2COL", "ARES_SLIDE"};
    const KernelTiling& t = kernel_tiling(k_.tiling);
    field("blocking", fmt::format("{{{}, .channels = {}, .pixels = {}}}", styles[static_cast<size_t>(t.style)],
                                  t.channels, t.pixels));
  }

  void parallel() {
    static constexpr const char* axes[] = {"ARES_PIXELS", "ARES_ROWS", "ARES_PIXELS", "ARES_CHANNELS_OUT"};
    field("parallel", axes[static_cast<size_t>(k_.parallel)]);
  }

  void requant() { field("requant", requant_text(in_, g_, k_.layer)); }

  /// The input tile with its padding.
  void input_box(bool channels) {
    if (k_.input_copy == none) return dense_box(channels);
    if (const auto box = known_box(p_, k_.input_copy)) return whole_box(*box, channels);
    uses_box_ = true;
    set("in_rows", "ares_padded(box, 0)");
    set("in_columns", "ares_padded(box, 1)");
    if (channels) set("in_channels", "ares_padded(box, 2)");
    set("padding", "ares_padding_of(box)");
  }

  /// Of a load that happens once.
  void whole_box(const Box& box, bool channels) {
    const auto padded = [&](size_t i) { return box.pad_before[i] + box.size[i] + box.pad_after[i]; };
    field("in_rows", padded(0));
    field("in_columns", padded(1));
    if (channels) field("in_channels", padded(2));
    field("padding", padding_text(box));
  }

  /// Of a tile that another kernel left, without padding.
  void dense_box(bool channels) {
    const Window& w = k_.window;
    const auto under = [](Extent e, int32_t stride, int32_t span) {
      e.halo = static_cast<int16_t>((e.halo - 1) * stride + span);
      e.scale = static_cast<int16_t>(e.scale * stride);
      return e;
    };
    size("in_rows", under(k_.rows, w.sh, w.kh));
    size("in_columns", under(k_.columns, w.sw, w.kw));
    if (channels) size("in_channels", k_.reduction);
  }

  /// All elements of the tile.
  void elements(const std::string& name) {
    if (!k_.whole_tiles()) return size(name, k_.channels);
    set(name, product({k_.rows, k_.columns, k_.channels}));
  }

  std::string product(std::initializer_list<Extent> sizes) const {
    std::vector<std::string> factors;
    for (const Extent& e : sizes)
      factors.push_back(fmt::format("({})", names_.size(e, fmt::format("{}.", loops_text(p_, index_)))));
    return fmt::format("{}", fmt::join(factors, " * "));
  }

  void params() {
    tile("params.records", k_.params, "(const int32_t*)(const void*)");
    field("params.words", k_.asymmetric ? 3 : 2);
  }

  void padding_value() {
    const TensorId input = g_.group.inputs.front();
    field("padding_value", in_.graph.tensors[static_cast<size_t>(input)].q.zero_point);
  }

  void depthwise() {
    tile("in", k_.in);
    tile("weights", k_.weights, "(const int8_t*)");
    params();
    tile("out", k_.out);
    input_box(false);
    padding_value();
    size("rows", k_.rows);
    size("columns", k_.columns);
    size("channels", k_.channels);
    size("in_pitch", k_.reduction);
    size("out_pitch", k_.reduction);
    if (k_.scratch != none) set("padded", "ares_l1() + " + names_.buffer(k_.scratch));
    field("channel_bytes", k_.channel_bytes);
    window();
    parallel();
    requant();
  }

  void conv() {
    tile("in", k_.in);
    tile("weights", k_.weights, "(const int8_t*)");
    params();
    tile("out", k_.out);
    if (k_.scratch != none) {
      set("scratch", "ares_l1() + " + names_.buffer(k_.scratch));
      field("scratch_pitch", pitch_of(p_.buffers[static_cast<size_t>(k_.scratch)]));
      field("scratch_pixels", gathered_pixels(kernel_tiling(k_.tiling).pixels, k_.channel_bytes));
    }
    input_box(true);
    padding_value();
    size("rows", k_.rows);
    size("columns", k_.columns);
    size("channels", k_.channels);
    field("channel_bytes", k_.channel_bytes);
    window();
    blocking();
    parallel();
    requant();
  }

  Result<void> linear() {
    const Copy* const input =
        k_.input_copy == none ? nullptr : &std::get<Copy>(p_.operations[static_cast<size_t>(k_.input_copy)].what);
    if (input && input->region.dims[2].units.loop != k_.reduction.loop)
      return fail(fmt::format("group {}: an input that is loaded in other steps than its reduction is not supported",
                              g_.group.name));
    tile("in", k_.in);
    tile("weights", k_.weights, "(const int8_t*)");
    params();
    tile("out", k_.out);
    const bool split = k_.accumulators != none;
    if (split) {
      set("sums", fmt::format("(int32_t*)(void*)(ares_l1() + {})", names_.buffer(k_.accumulators)));
      set("first", first_step());
      set("last", last_step());
    }
    size("tokens", k_.columns);
    size("channels", k_.channels);
    size("reduction", k_.reduction);
    size("in_pitch", k_.reduction);
    if (split)
      size("channel_bytes", k_.reduction);
    else
      field("channel_bytes", k_.channel_bytes);
    blocking();
    parallel();
    requant();
    return {};
  }

  std::string first_step() const {
    return k_.reduction.loop == none ? "1"
                                     : fmt::format("w->nest.at[{}].index == 0", names_.loop(k_.reduction.loop).loop);
  }

  std::string last_step() const {
    return k_.reduction.loop == none ? "1" : fmt::format("w->nest.at[{}].last", names_.loop(k_.reduction.loop).loop);
  }

  void max_pool() {
    tile("in", k_.in);
    tile("out", k_.out);
    input_box(false);
    size("rows", k_.rows);
    size("columns", k_.columns);
    size("channels", k_.channels);
    window();
    parallel();
  }

  void average_pool() {
    tile("in", k_.in);
    tile("params", k_.params, "(const ares_channel_params*)(const void*)");
    tile("out", k_.out);
    type("in_type", k_.in_type);
    input_box(false);
    field("counts", static_cast<int64_t>(requant_elements(k_.window)));
    size("rows", k_.rows);
    size("columns", k_.columns);
    size("channels", k_.channels);
    window();
    parallel();
    requant();
  }

  void table() {
    tile("in", k_.in);
    tile("map", k_.weights);
    tile("out", k_.out);
    elements("bytes");
  }

  void curve() {
    tile("in", k_.in, "(const int16_t*)(const void*)");
    tile("curve", k_.weights, "(const ares_curve_table*)(const void*)");
    tile("out", k_.out);
    size("elements", k_.channels);
  }

  void elementwise(const std::string& params) {
    tile("a", k_.in);
    tile("b", k_.in2);
    tile("params", k_.params, fmt::format("(const {}*)(const void*)", params));
    tile("out", k_.out);
    if (k_.kind == KernelKind::add) {
      type("a_type", k_.in_type);
      type("b_type", k_.in2_type);
      if (k_.weights != none) set("map", tile_text(p_, names_, index_, k_.weights));
    }
    k_.whole_tiles() ? field("rows", 1) : size("rows", k_.columns);
    elements("elements");
    parallel();
    requant();
  }

  void rearrange() {
    const auto& input = std::get<Copy>(p_.operations[static_cast<size_t>(k_.input_copy)].what);
    const auto& op = std::get<Rearrange>(in_.graph.dag[g_.group.layers.front()].op);
    tile("in", k_.in);
    if (k_.weights != none) tile("map", k_.weights);
    tile("out", k_.out);
    input_box(true);
    if (const auto box = known_box(p_, k_.input_copy))
      field("outside", int64_t{box->size[2] == 0});
    else
      set("outside", "box->size[2] == 0");
    field("padding_value", op.pieces[static_cast<size_t>(g_.group.piece)].fill);
    size("rows", k_.rows);
    size("columns", k_.columns);
    size("channels", k_.channels);
    field("repeat", fmt::format("{{{}, {}, {}}}", k_.rows.scale, k_.columns.scale, k_.channels.scale));
    const auto source = [&](int a) { return static_cast<size_t>(k_.source_axes >> (2 * a) & 3); };
    const auto step = [&](int a) {
      return input.region.dims[source(a)].units.scale * (k_.source_axes >> 6 == a + 1 ? -1 : 1);
    };
    field("source", fmt::format("{{{}, {}, {}}}", source(0), source(1), source(2)));
    field("step", fmt::format("{{{}, {}, {}}}", step(0), step(1), step(2)));
    parallel();
  }

  void norm() {
    tile("in", k_.in);
    tile("terms", k_.weights, "(const ares_norm_terms*)(const void*)");
    tile("params", k_.params, "(const ares_channel_params*)(const void*)");
    tile("out", k_.out);
    type("in_type", k_.in_type);
    size("rows", k_.columns);
    parts("sets", k_.channel_bytes);
    field("width", k_.channel_bytes);
    field("centred", int64_t{k_.centred});
    field("across", int64_t{k_.across});
    requant();
  }

  void softmax() {
    tile("in", k_.in);
    tile("table", k_.weights, "(const uint16_t*)(const void*)");
    if (k_.params != none)
      tile("terms", k_.params, "(const ares_softmax_terms*)(const void*)");
    else
      set("terms", fmt::format("(const ares_softmax_terms*)(const void*)(args->table + {})",
                               softmax_entries(k_.in_type == ElementType::s16)));
    tile("out", k_.out);
    type("in_type", k_.in_type);
    softmax_rows();
    field("columns", k_.channel_bytes);
    requant();
  }

  void softmax_rows() {
    if (k_.layer == 0) return size("rows", k_.columns);
    Extent heads = k_.channels;
    heads.scale = heads.halo = 1;
    set("rows", product({k_.rows, k_.columns, heads}));
  }

  void matmul() {
    tile("a", k_.in);
    tile("b", k_.in2);
    tile("params", k_.params, "(const ares_product_params*)(const void*)");
    tile("out", k_.out);
    set("scratch", "ares_l1() + " + names_.buffer(k_.accumulators));
    if (k_.columns.loop == none)
      field("prepare", 1);
    else
      set("prepare", fmt::format("w->nest.at[{}].index == 0", names_.loop(k_.columns.loop).loop));
    size("sequences", k_.rows);
    size("rows", k_.columns);
    parts("heads", k_.channel_bytes);
    size("depth", k_.reduction);
    field("columns", k_.channel_bytes);
    field("transposed", int64_t{k_.transposed});
    requant();
  }

  void scan() {
    tile("x", k_.in);
    tile("delta", k_.in2);
    tile("bc", k_.in3);
    tile("rates", k_.weights, "(const int32_t*)(const void*)");
    tile("params", k_.params, "(const ares_scan_params*)(const void*)");
    tile("out", k_.out);
    set("state", fmt::format("(int32_t*)(void*)(ares_l1() + {})", names_.buffer(k_.accumulators)));
    if (k_.reduction.loop == none)
      field("first", 1);
    else
      set("first", first_step());
    size("steps", k_.reduction);
    size("channels", k_.channels);
    field("states", k_.columns.whole);
    requant();
  }

  void transform() {
    tile("in", k_.in);
    tile("coefficients", k_.weights, "(const int16_t*)(const void*)");
    tile("params", k_.params, "(const ares_channel_params*)(const void*)");
    tile("out", k_.out);
    size("rows", k_.columns);
    size("columns", k_.reduction);
    size("outputs", k_.channels);
    field("row", k_.channel_bytes / 2);
    parallel();
    requant();
  }

  void rotary() {
    tile("in", k_.in);
    tile("factors", k_.weights, "(const int16_t*)(const void*)");
    tile("params", k_.params, "(const ares_product_params*)(const void*)");
    tile("out", k_.out);
    size("rows", k_.columns);
    parts("heads", k_.channel_bytes);
    field("depth", k_.channel_bytes);
    field("interleaved", int64_t{k_.transposed});
    parallel();
    requant();
  }

  void lookup() {
    tile("numbers", k_.in);
    tile("table", k_.weights);
    tile("out", k_.out);
    type("type", k_.in_type);
    size("rows", k_.columns);
    size("columns", k_.channels);
    parallel();
  }

  KernelText function(const std::string& kernel) const {
    const std::string args = kernel_arguments_name(p_, index_);
    std::string text = fmt::format("static void {}(walk* w) {{\n", kernel_function_name(p_, index_));
    text += fmt::format("  {}_args* const args = &w->{};\n", kernel, args);
    const AheadText ahead = ahead_text(p_, names_, index_);
    text += ahead.begin;
    if (uses_box_)
      text += fmt::format("  const ares_box* const box = ares_load_box(&w->{});\n", names_.copy(k_.input_copy));
    text += settings_;
    text += fmt::format("  const void* const tiles[] = {{{}}};\n", tiles_);
    text += fmt::format("  const ares_ticks since = ares_kernel_begin({}, {}, {}, tiles, {});\n",
                        static_cast<int>(index_), static_cast<int>(op_.depth), position_text(p_, index_), tile_count_);
    const std::string job = k_.beside_job ? job_function_name(p_, static_cast<OperationId>(index_ + 1)) : "";
    text += fmt::format("  {}(args);\n{}{}{}{}  ares_kernel_end(since);\n}}\n", kernel,
                        job.empty() ? job : fmt::format("  {}(w);\n", job), ahead.end,
                        early_call(in_, g_, names_, index_), preparations(p_, names_, index_));
    return {kernel + "_args", args, constants_, text, uses_box_ ? k_.input_copy : none};
  }

  const ProjectInput& in_;
  const PlannedGroup& g_;
  const TileProgram& p_;
  const GroupNames& names_;
  OperationId index_;
  const TileOperation& op_;
  const Kernel& k_;
  std::string constants_, settings_, tiles_;
  int tile_count_ = 0;
  bool uses_box_ = false;
};

}  // namespace

Result<KernelText> kernel_text(const ProjectInput& in, const PlannedGroup& group, const GroupNames& names,
                               OperationId index) {
  return KernelPrinter(in, group, names, index).print();
}

}  // namespace ares
