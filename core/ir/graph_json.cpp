#include "core/ir/graph_json.hpp"
#include "core/ir/graph.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "core/base/json_numbers.hpp"
#include "core/import/model_graph_json.hpp"

namespace ares {

using nlohmann::json;

NLOHMANN_JSON_SERIALIZE_ENUM(ElementType,
                             {{ElementType::u8, "u8"}, {ElementType::s16, "s16"}, {ElementType::s32, "s32"}})
NLOHMANN_JSON_SERIALIZE_ENUM(RequantPolicy, {{RequantPolicy::fast, "fast"}, {RequantPolicy::exact, "exact"}})
NLOHMANN_JSON_SERIALIZE_ENUM(RequantForm,
                             {{RequantForm::narrow, "narrow"}, {RequantForm::wide, "wide"}, {RequantForm::raw, "raw"}})
NLOHMANN_JSON_SERIALIZE_ENUM(Rounding, {{Rounding::half_up, "half_up"}, {Rounding::half_even, "half_even"}})
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Quantisation, scale, zero_point, lo, hi, is_signed, bits)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Dims, h, w, c)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ModelView, shape, order)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Tensor, name, type, dims, q, channel_scale, view, constant)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Window, kh, kw, sh, sw, dh, dw, pt, pl, pb, pr)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Requant, form, rounding, shift, pre_shift, lo, hi, tie_width, deviation, m, B)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Weighted, linear, window, groups, weight_bits, weights, weight_zero, weight_scale,
                                   bias, bias_quantised, requant)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(MaxPool, window)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Table, map)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(AveragePool, window, counts_padding, requant)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Add, subtract, requant)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Multiply, requant)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(MovedAxis, first, count, to, step, repeat)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Movement, axes, source)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Piece, input, movement, fill, map)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Rearrange, pieces, flat)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Curve, points, lo, hi)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(NormTerms, count, zero, centred, fraction, epsilon, headroom, shift, inverse)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Norm, centred, across, channels, groups, epsilon, gain, bias, terms, requant)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SoftmaxTerms, factor, shift, most, zero)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Softmax, columns, table, terms, requant)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(MatMul, batch, rows, heads, depth, columns, transposed, factor, requant)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(ScanTerms, states, zero_x, zero_b, zero_c, input_shift, state_shift, log_step, input,
                                   log_rate, skip, decay)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Transform, columns, outputs, scale, coefficients, requant)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Rotary, rows, heads, depth, interleaved, scale, factors, requant)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Lookup, rows, columns, table)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Scan, steps, channels, states, offset, softplus, rates, skip, terms, requant)

template <class End>
json end_to_json(const End& end) {
  json j{{"name", end.name}, {"tensor", end.tensor}, {"view", end.view}};
  if (end.host) j["host"] = json::parse(qonnx::model_to_json(*end.host));
  return j;
}

template <class End>
End end_from_json(const json& j) {
  End end{j.at("name"), j.at("tensor"), j.at("view")};
  if (!j.contains("host")) return end;
  auto host = qonnx::model_from_json(j.at("host").dump());
  if (!host) throw std::invalid_argument(host.error().what);
  end.host = std::make_shared<const qonnx::ModelGraph>(std::move(*host));
  return end;
}

void to_json(json& j, const NetworkInput& in) { j = end_to_json(in); }
void to_json(json& j, const NetworkOutput& out) { j = end_to_json(out); }
void from_json(const json& j, NetworkInput& in) { in = end_from_json<NetworkInput>(j); }
void from_json(const json& j, NetworkOutput& out) { out = end_from_json<NetworkOutput>(j); }

namespace {

// In the order of Operation.
constexpr const char* kKinds[] = {"Weighted", "MaxPool",   "Table",     "AveragePool", "Add",
                                  "Multiply", "Rearrange", "Curve",     "Norm",        "Softmax",
                                  "MatMul",   "Scan",      "Transform", "Rotary",      "Lookup"};
static_assert(std::size(kKinds) == std::variant_size_v<Operation>);

template <std::size_t I = 0>
Operation operation_from(const std::string& kind, const json& j) {
  if constexpr (I == std::variant_size_v<Operation>) {
    throw std::invalid_argument(fmt::format("unknown operation '{}'", kind));
  } else {
    if (kind != kKinds[I]) return operation_from<I + 1>(kind, j);
    return j.get<std::variant_alternative_t<I, Operation>>();
  }
}

json layer_to_json(const Layer& l) {
  const json op = std::visit([](const auto& o) { return json(o); }, l.op);
  return {{"name", l.name},     {"model_node", l.model_node}, {"kind", kKinds[l.op.index()]},
          {"inputs", l.inputs}, {"output", l.output},         {"operation", op}};
}

Layer layer_from_json(const json& j) {
  return {j.at("name"), j.at("model_node"), operation_from(j.at("kind"), j.at("operation")),
          j.at("inputs").get<std::vector<TensorId>>(), j.at("output")};
}

/// Edges follow from the layers' inputs and outputs.
void connect(LayerGraph& g) {
  std::vector<LayerId> producer(g.tensors.size(), LayerDag::null_vertex());
  const auto at = [&](TensorId t) -> LayerId& { return producer.at(static_cast<std::size_t>(t)); };
  for (auto [v, end] = boost::vertices(g.dag); v != end; ++v) at(g.dag[*v].output) = *v;
  for (auto [v, end] = boost::vertices(g.dag); v != end; ++v) {
    for (const TensorId t : g.dag[*v].inputs) {
      if (at(t) != LayerDag::null_vertex()) boost::add_edge(at(t), *v, Flow{t}, g.dag);
    }
  }
}

}  // namespace

std::string graph_to_json(const LayerGraph& g) {
  json layers = json::array();
  for (auto [v, end] = boost::vertices(g.dag); v != end; ++v) layers.push_back(layer_to_json(g.dag[*v]));
  return json{{"name", g.name},     {"policy", g.policy},   {"tensors", g.tensors},
              {"inputs", g.inputs}, {"outputs", g.outputs}, {"layers", layers}}
      .dump();
}

Result<LayerGraph> graph_from_json(std::string_view text) {
  LayerGraph g;
  try {
    const json j = json::parse(text);
    require_integers(j);
    g.name = j.at("name");
    g.policy = j.at("policy");
    g.tensors = j.at("tensors").get<std::vector<Tensor>>();
    g.inputs = j.at("inputs").get<std::vector<NetworkInput>>();
    g.outputs = j.at("outputs").get<std::vector<NetworkOutput>>();
    for (const json& layer : j.at("layers")) boost::add_vertex(layer_from_json(layer), g.dag);
    connect(g);
  } catch (const std::exception& e) {  // nlohmann's type and parse errors, ids out of range
    return fail(e.what());
  }
  if (auto ok = validate(g); !ok) return tl::unexpected(ok.error());
  return g;
}

}  // namespace ares
