// weights.c, the L3 image of all constants, and golden.c, the sample with the expected output of every group.
#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "codegen/c_text.hpp"
#include "codegen/sources.hpp"
#include "core/ir/graph.hpp"
#include "core/lower/pack.hpp"

namespace ares {
namespace {

int32_t int32_at(const std::vector<uint8_t>& bytes, size_t i) {
  uint32_t v = 0;
  for (size_t b = 0; b < 4; ++b) v |= static_cast<uint32_t>(bytes[4 * i + b]) << (8 * b);
  return static_cast<int32_t>(v);
}

std::vector<int32_t> words_of(const std::vector<uint8_t>& bytes) {
  std::vector<int32_t> words(bytes.size() / 4);
  for (size_t i = 0; i < words.size(); ++i) words[i] = int32_at(bytes, i);
  return words;
}

/// One constant operand as a member of the image.
struct Constant {
  std::string declaration, values, name;
  uint64_t offset;
};

std::string weight_rows(const std::vector<uint8_t>& bytes, size_t row) {
  std::string text;
  for (size_t at = 0; at < bytes.size(); at += row) {
    std::vector<int8_t> values(row);
    std::memcpy(values.data(), bytes.data() + at, row);
    text += "        {\n" + c_values(std::span<const int8_t>(values), 12) + "        },\n";
  }
  return text;
}

/// Rows of so many bytes as numbers of 16 bits.
std::string rows_of_words(const std::vector<uint8_t>& bytes, size_t row) {
  std::string text;
  for (size_t at = 0; at < bytes.size(); at += row) {
    std::vector<int16_t> values(row / 2);
    std::memcpy(values.data(), bytes.data() + at, row);
    text += "        {\n" + c_values(std::span<const int16_t>(values), 12) + "        },\n";
  }
  return text;
}

std::string params(const std::vector<uint8_t>& bytes, size_t words) {
  std::string text;
  for (size_t i = 0; i < bytes.size() / 4; i += words) {
    text += fmt::format("        {{{}, {}", c_int(int32_at(bytes, i)), c_int(int32_at(bytes, i + 1)));
    if (words == 3) text += fmt::format(", {}", int32_at(bytes, i + 2));
    text += "},\n";
  }
  return text;
}

/// The constant operand of that declaration, `{}` being its name.
struct Text {
  std::string declaration, values;
};

Text weights_text(const GroupShape& shape, const std::vector<uint8_t>& bytes) {
  const std::vector<int32_t> words = words_of(bytes);
  const auto unsigned_word = [&](size_t i) { return static_cast<uint32_t>(words[i]); };
  switch (shape.family) {
    case Family::curve:
      return {fmt::format("int32_t {{}}[{}];  // points of the curve, clip range", words.size()),
              c_values(std::span<const int32_t>(words), 8)};
    case Family::norm:
      return {"ares_norm_terms {};",
              fmt::format("        .count = {}, .zero = {}, .fraction = {},\n        .epsilon_low = {}u, "
                          ".epsilon_high = {}u, .headroom = {}, .shift = {}, .inverse = {}u,\n",
                          words[0], words[1], words[2], unsigned_word(3), unsigned_word(4), words[5], words[6],
                          unsigned_word(7))};
    case Family::softmax: {
      std::string values;
      for (size_t i = 0; i < bytes.size() / 2; ++i)
        values += fmt::format("{}{},{}", i % 8 == 0 ? "        " : " ", bytes[2 * i] + 256 * bytes[2 * i + 1],
                              i % 8 == 7 ? "\n" : "");
      return {fmt::format("uint16_t {{}}[{}];  // exponentials", bytes.size() / 2), values};
    }
    case Family::scan: {
      const auto record = static_cast<size_t>(shape.channel_bytes()) / 4;
      std::string values;
      for (size_t i = 0; i < words.size(); ++i)
        values += fmt::format("{}{},{}", i % record == 0 ? "        {" : " ", c_int(words[i]),
                              i % record == record - 1 ? "},\n" : "");
      return {fmt::format("int32_t {{}}[{}][{}];  // logarithms of rates, skip weight", words.size() / record, record),
              values};
    }
    case Family::transform:
      return {fmt::format("int16_t {{}}[{}][{}];  // a row of coefficients per output", shape.out.c,
                          shape.channel_bytes() / 2),
              rows_of_words(bytes, static_cast<size_t>(shape.channel_bytes()))};
    case Family::rotary:
      return {fmt::format("int16_t {{}}[{}][{}];  // cosine and sine of each pair", shape.in.w, shape.channel_bytes()),
              rows_of_words(bytes, 2 * static_cast<size_t>(shape.channel_bytes()))};
    case Family::lookup:
      return {fmt::format("uint8_t {{}}[{}];  // {} rows of {}", bytes.size(), shape.heads, shape.out.c),
              c_values(std::span<const uint8_t>(bytes), 8)};
    case Family::table:
    case Family::rearrange:
      return {"uint8_t {}[256];  // stored input to stored output", c_values(std::span<const uint8_t>(bytes), 8)};
    default:
      const auto row = static_cast<size_t>(shape.channel_bytes());
      return {fmt::format("int8_t {{}}[{}][{}];", bytes.size() / row, row), weight_rows(bytes, row)};
  }
}

/// What all channels of a selective scan share.
Text scan_text(const std::vector<int32_t>& w) {
  const auto at = [&](size_t i) { return c_int(w[i]); };
  const auto natural = [&](size_t i) { return static_cast<uint32_t>(w[i]); };
  std::string text = fmt::format("        .requant = {{{}, {}}}, .zero_x = {}, .zero_b = {}, .zero_c = {},\n", at(0),
                                 at(1), w[2], w[3], w[4]);
  text += fmt::format("        .input_shift = {}, .state_shift = {}, .stays_in_table = {},\n        .steps = {{\n",
                      w[5], w[6], w[7]);
  for (size_t i = 8; i < 520; i += 2) text += fmt::format("            {{{}, {}}},\n", at(i), at(i + 1));
  text += "        },\n        .decay = {\n";
  for (size_t i = 520; i < w.size(); i += 2)
    text += fmt::format("            {{{}u, {}u}},\n", natural(i), natural(i + 1));
  return {"ares_scan_params {};", text + "        },\n"};
}

Text params_text(const GroupShape& shape, const std::vector<uint8_t>& bytes) {
  if (shape.family == Family::scan) return scan_text(words_of(bytes));
  if (shape.family == Family::multiply || shape.family == Family::matmul || shape.family == Family::rotary)
    return {"ares_product_params {};", fmt::format("        {{{}, {}}}, {}, {},\n", c_int(int32_at(bytes, 0)),
                                                   c_int(int32_at(bytes, 1)), int32_at(bytes, 2), int32_at(bytes, 3))};
  if (shape.family == Family::softmax)
    return {"ares_softmax_terms {};", fmt::format("        .factor = {}u, .shift = {}, .most = {}, .zero = {},\n",
                                                  static_cast<uint32_t>(int32_at(bytes, 0)), int32_at(bytes, 1),
                                                  int32_at(bytes, 2), int32_at(bytes, 3))};
  const size_t words = shape.asymmetric() ? 3 : 2;
  return {fmt::format("{} {{}}[{}];", shape.asymmetric() ? "ares_asymmetric_params" : "ares_channel_params",
                      bytes.size() / (4 * words)),
          params(bytes, words)};
}

/// What the accelerator reads.
Text bytes_text(const std::vector<uint8_t>& bytes, const char* what) {
  return {fmt::format("uint8_t {{}}[{}];  // {}", bytes.size(), what), c_values(std::span<const uint8_t>(bytes), 8)};
}

void add_constants(const ProjectInput& in, const PlannedGroup& g, std::vector<Constant>& all) {
  const PackedOperands packed = pack(in.graph, g.group, g.chosen.config);
  const bool job = on_accelerator(g.chosen.config);
  const auto add = [&](const Text& text, const std::string& operand, const Placement& p) {
    const std::string name = fmt::format("{}_{}", group_name(g), operand);
    const uint64_t offset = p.level == Level::l2 ? p.offset - in.program.arena_bytes : uint64_t{p.offset};
    all.push_back({fmt::format(fmt::runtime(text.declaration), name), text.values, name, offset});
  };
  const bool shared = g.chosen.config[Knob::share] > 0;
  if (!packed.weights.empty())
    add(job ? bytes_text(packed.weights, shared ? "the workers' channels, bit planes of the others" : "bit planes")
            : weights_text(g.group.shape, packed.weights),
        "weights", g.weights);
  if (!packed.params.empty())
    add(job ? bytes_text(packed.params,
                         shared ? "of the workers' channels; biases and scales of the others" : "biases and scales")
            : params_text(g.group.shape, packed.params),
        "params", g.params);
  if (!packed.tails.empty()) add(bytes_text(packed.tails, "constants of the fused layers"), "tails", g.tails);
}

/// The elements of a tensor that the model fixes.
Constant tensor_constants(const ProjectInput& in, TensorId id) {
  const Tensor& t = in.graph.tensors[static_cast<size_t>(id)];
  const uint64_t offset = in.program.tensors[static_cast<size_t>(id)].offset - in.program.arena_bytes;
  const std::string name = fmt::format("tensor_{}", id);
  const std::string declaration =
      fmt::format("{} {}[{}];  // {}x{}x{}", c_type(t.type), name, t.dims.count(), t.dims.h, t.dims.w, t.dims.c);
  if (t.type == ElementType::u8) return {declaration, c_values(std::span<const uint8_t>(t.constant), 8), name, offset};
  std::vector<int16_t> values(t.constant.size() / 2);
  std::memcpy(values.data(), t.constant.data(), t.constant.size());
  return {declaration, c_values(std::span<const int16_t>(values), 8), name, offset};
}

std::string array_of(const std::string& name, ElementType type, const std::vector<uint8_t>& bytes) {
  if (type == ElementType::u8)
    return fmt::format("const uint8_t {}[{}] = {{\n{}}};\n\n", name, bytes.size(),
                       c_values(std::span<const uint8_t>(bytes), 4));
  if (type == ElementType::s16) {
    std::vector<int16_t> inner(bytes.size() / 2);
    std::memcpy(inner.data(), bytes.data(), bytes.size());
    return fmt::format("const int16_t {}[{}] = {{\n{}}};\n\n", name, inner.size(),
                       c_values(std::span<const int16_t>(inner), 4));
  }
  const std::vector<int32_t> values = words_of(bytes);
  return fmt::format("const int32_t {}[{}] = {{\n{}}};\n\n", name, values.size(),
                     c_values(std::span<const int32_t>(values), 4));
}

}  // namespace

std::string weights_source(const ProjectInput& in) {
  std::vector<Constant> all;
  for (size_t t = 0; t < in.graph.tensors.size(); ++t)
    if (is_constant(in.graph.tensors[t])) all.push_back(tensor_constants(in, static_cast<TensorId>(t)));
  for (const PlannedGroup& g : in.program.groups) add_constants(in, g, all);
  std::stable_sort(all.begin(), all.end(), [](const Constant& a, const Constant& b) { return a.offset < b.offset; });

  std::string text = "// The L3 image: all constants, first those that are copied to L2 at start.\n";
  text +=
      "// Weights have a row per output channel: window rows, columns, input channels, then zeros to whole words.\n";
  text += "#include \"network.h\"\n\n";
  if (all.empty()) return text;
  text += "struct network_constants {\n";
  for (const Constant& c : all) text += "  _Alignas(16) " + c.declaration + "\n";
  text += "};\n\n";
  for (const Constant& c : all)
    text +=
        fmt::format("_Static_assert(offsetof(struct network_constants, {}) == {}, \"placement\");\n", c.name, c.offset);
  text +=
      fmt::format("_Static_assert(sizeof(struct network_constants) == {}, \"placement\");\n\n", in.program.l3_bytes);
  text += fmt::format("const struct network_constants {} = {{\n", global_name(in, "network_constants"));
  for (const Constant& c : all) text += fmt::format("    .{} = {{\n{}    }},\n", c.name, c.values);
  return text + "};\n";
}

std::string golden_source(const ProjectInput& in) {
  std::string text = "// The sample and the output that every group must compute from it.\n#include \"network.h\"\n\n";
  for (size_t i = 0; i < in.golden.inputs.size(); ++i)
    text += array_of(global_name(in, fmt::format("sample_{}", i)),
                     in.graph.tensors[static_cast<size_t>(in.graph.inputs[i].tensor)].type, in.golden.inputs[i]);
  std::string intermediate;
  for (size_t g = 0; g < in.program.groups.size(); ++g) {
    const PlannedGroup& planned = in.program.groups[g];
    if (!planned.group.completes_output) continue;
    const TensorId id = planned.group.output;
    (is_network_output(in, id) ? text : intermediate) +=
        array_of(global_name(in, "golden_" + group_name(planned)), in.graph.tensors[static_cast<size_t>(id)].type,
                 in.golden.outputs[g]);
  }
  if (!intermediate.empty()) text += "#ifndef DISABLE_INTERMEDIATE_GOLDEN\n\n" + intermediate + "#endif\n";
  return text;
}

}  // namespace ares
