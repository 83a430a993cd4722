#include "core/import/model_graph_json.hpp"

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "core/base/json_numbers.hpp"

namespace ares::qonnx {

using nlohmann::json;

namespace {

constexpr const char* kArrayTypes[] = {"float", "double", "int"};  // in the order of Array::values
constexpr const char* kAttributeTypes[] = {"int", "float", "string", "ints", "floats", "tensor"};  // of Attribute

template <class Variant, std::size_t I = 0>
Variant variant_from(const char* const* types, const std::string& type, const json& j) {
  if constexpr (I == std::variant_size_v<Variant>) {
    throw std::invalid_argument("unknown type '" + type + "'");
  } else {
    if (type != types[I]) return variant_from<Variant, I + 1>(types, type, j);
    return j.get<std::variant_alternative_t<I, Variant>>();
  }
}

}  // namespace

void to_json(json& j, const Array& a) {
  j = {{"shape", a.shape}, {"type", kArrayTypes[a.values.index()]}};
  std::visit([&](const auto& v) { j["values"] = v; }, a.values);
}

void from_json(const json& j, Array& a) {
  a.shape = j.at("shape").get<Shape>();
  a.values = variant_from<decltype(a.values)>(kArrayTypes, j.at("type"), j.at("values"));
  const auto count = element_count(a.shape);
  if (!count || *count != a.count()) throw std::invalid_argument("a constant's values do not match its shape");
}

void to_json(json& j, const QuantisedConstant& c) {
  j = {{"shape", c.shape},           {"q", c.q},       {"scale", c.scale},
       {"zero_point", c.zero_point}, {"bits", c.bits}, {"signed", c.is_signed}};
}

void from_json(const json& j, QuantisedConstant& c) {
  c = {j.at("shape").get<Shape>(),
       j.at("q").get<std::vector<int64_t>>(),
       j.at("scale").get<Array>(),
       j.at("zero_point").get<Array>(),
       j.at("bits"),
       j.at("signed")};
  if (c.bits < 1 || c.bits > 32) throw std::invalid_argument("a quantised constant's bit width");
  const auto count = element_count(c.shape);
  const auto fits = [&](const Array& a) {
    const auto shape = broadcast(a.shape, c.shape);
    return a.shape.size() == c.shape.size() && shape && *shape == c.shape;
  };
  if (!count || *count != static_cast<int64_t>(c.q.size()) || !fits(c.scale) || !fits(c.zero_point)) {
    throw std::invalid_argument("a quantised constant's values do not match its shape");
  }
}

namespace {

json attributes_to_json(const std::map<std::string, Attribute>& attributes) {
  json j = json::object();
  for (const auto& [name, value] : attributes) {
    j[name] = {{"type", kAttributeTypes[value.index()]}};
    std::visit([&, &key = name](const auto& v) { j[key]["value"] = v; }, value);
  }
  return j;
}

std::map<std::string, Attribute> attributes_from_json(const json& j) {
  std::map<std::string, Attribute> attributes;
  for (const auto& [name, a] : j.items()) {
    attributes[name] = variant_from<Attribute>(kAttributeTypes, a.at("type"), a.at("value"));
  }
  return attributes;
}

}  // namespace

void to_json(json& j, const Node& n) {
  j = {{"name", n.name},     {"op", n.op},
       {"domain", n.domain}, {"attributes", attributes_to_json(n.attributes)},
       {"inputs", n.inputs}, {"outputs", n.outputs}};
}

void from_json(const json& j, Node& n) {
  n = {j.at("name"),
       j.at("op"),
       j.at("domain"),
       attributes_from_json(j.at("attributes")),
       j.at("inputs").get<std::vector<std::string>>(),
       j.at("outputs").get<std::vector<std::string>>()};
  if (n.outputs.empty()) throw std::invalid_argument("a node without outputs");
}

std::string model_to_json(const ModelGraph& model) {
  return json{{"file", model.file},           {"name", model.name},      {"nodes", model.nodes},
              {"constants", model.constants}, {"shapes", model.shapes},  {"quantised", model.quantised},
              {"inputs", model.inputs},       {"outputs", model.outputs}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<ModelGraph> model_from_json(std::string_view text) {
  try {
    const json j = json::parse(text);
    require_integers(j);
    ModelGraph model{j.at("file"),
                     j.at("name"),
                     j.at("nodes").get<std::vector<Node>>(),
                     j.at("constants").get<std::map<std::string, Array>>(),
                     j.at("quantised").get<std::map<std::string, QuantisedConstant>>(),
                     j.at("shapes").get<std::map<std::string, Shape>>(),
                     j.at("inputs").get<std::vector<std::string>>(),
                     j.at("outputs").get<std::vector<std::string>>()};
    for (const std::string& in : model.inputs) {
      if (!model.shapes.count(in)) return fail("an input without a shape");
    }
    for (const auto& [name, constant] : model.quantised) model.shapes[name] = constant.shape;
    return model;
  } catch (const std::exception& e) {  // nlohmann's type and parse errors, shapes that do not match
    return fail(e.what());
  }
}

}  // namespace ares::qonnx
