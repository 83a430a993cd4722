#include "core/check/operations.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "core/import/operator.hpp"

namespace ares {
namespace {

/// Where a node of the operator may stand.
std::string place(const qonnx::Operator& op) {
  std::vector<std::string_view> places;
  if (op.lower || op.lower_all) places.push_back("network");
  if (op.host != qonnx::OnHost::no) places.push_back("host");
  if (op.fold) places.push_back("constants");
  return fmt::format("{}", fmt::join(places, ", "));
}

}  // namespace

std::string operations_page() {
  std::string page =
      "# Supported operations\n\n"
      "Written by `ares-check --operations` from the importer's registry. *network*: a node on activations becomes an "
      "integer\n"
      "layer, or part of one; *host*: before the first Quant or after the last integer tensor it runs in float on the "
      "host;\n"
      "*constants*: it is computed at import, as in shapes and weights. Whether a node with "
      "these\n"
      "operators fits depends on its shapes, quantisers and neighbours: `ares-check --model m.qonnx` judges each.\n\n"
      "| operator | on | what is supported |\n|---|---|---|\n";
  for (const qonnx::Operator* op : qonnx::operators()) {
    page += fmt::format("| {} | {} | {} |\n", op->name, place(*op), op->supports);
  }
  return page;
}

}  // namespace ares
