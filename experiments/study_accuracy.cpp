// How far the integer reference is from real numbers: every network of the zoo in exact policy, each layer judged on
// what the evaluation of the same file in double computes from the same integers, against the bounds of the arithmetic
// page.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <map>

#include "core/builder/write_model.hpp"
#include "core/compare/layers.hpp"
#include "core/import/load_network.hpp"
#include "experiments/zoo/zoo.hpp"

using namespace ares;

namespace {

struct Totals {
  std::map<std::string, Differences> by_kind;
  int beyond = 0;
};

bool within(std::string_view kind, const Differences& d) {
  const Bound bound = bound_of(kind);
  // A single element of a small tensor may differ, as arithmetic allows it for whole models.
  const double allowed = bound.share > 0 ? std::max(1.0, bound.share * static_cast<double>(d.elements)) : 0;
  return d.most <= bound.steps && static_cast<double>(d.differing) <= allowed;
}

void print(std::string_view network, std::string_view kind, const Differences& d) {
  const Bound bound = bound_of(kind);
  fmt::print("{:<24} {:<13} {:>12} {:>10} {:>9.4f} % {:>6}   at most {} step{}, {:.1f} %{}\n", network, kind,
             d.elements, d.differing, 100.0 * static_cast<double>(d.differing) / static_cast<double>(d.elements),
             d.most, bound.steps, bound.steps == 1 ? "" : "s", 100 * bound.share, within(kind, d) ? "" : "   BEYOND");
}

void add(const Judgement& judgement, Totals& totals) {
  for (const auto& [kind, d] : judgement.by_kind) {
    Differences& all = totals.by_kind[kind];
    all.elements += d.elements;
    all.differing += d.differing;
    all.most = std::max(all.most, d.most);
  }
}

/// Inputs as make_samples() draws them.
qonnx::Evaluation::Tensors sample(const qonnx::ModelGraph& model, builder::Draws& draws) {
  qonnx::Evaluation::Tensors x;
  for (const std::string& name : model.inputs) {
    const qonnx::Shape& shape = model.shapes.at(name);
    std::vector<float> values(static_cast<std::size_t>(qonnx::element_count(shape).value()));
    for (float& v : values) v = static_cast<float>(draws.uniform(-1, 1));
    x[name] = qonnx::real_tensor(shape, values);
  }
  return x;
}

void study(const zoo::Network& network, int samples, const std::filesystem::path& file, Totals& totals) {
  const qonnx::ModelGraph model = zoo::build(network);
  value_or_throw(qonnx::write_model(model, file));
  ImportOptions options;
  options.policy = RequantPolicy::exact;
  const LayerGraph graph = value_or_throw(load_network(file, options));
  const auto evaluation = value_or_throw(qonnx::Evaluation::create(model));
  builder::Draws draws(99);
  Judgement judgement;
  for (int i = 0; i < samples; ++i)
    judge_layers(graph, value_or_throw(evaluation.run(sample(model, draws))), judgement);
  for (const auto& [kind, d] : judgement.by_kind) {
    print(network.name, kind, d);
    totals.beyond += !within(kind, d);
  }
  for (const std::string& finding : judgement.findings) fmt::print("    {}\n", finding);
  totals.beyond += static_cast<int>(judgement.findings.size());
  add(judgement, totals);
  std::fflush(stdout);
}

int usage() {
  fmt::print(stderr, "usage: ares-study-accuracy [--samples N] [NETWORK...]; names as ares-zoo list prints them\n");
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  int samples = 2;
  std::vector<const zoo::Network*> networks;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--samples") {
      samples = i + 1 < argc ? std::atoi(argv[++i]) : 0;
      if (samples < 1) return usage();
      continue;
    }
    const zoo::Network* network = zoo::find_network(argument);
    if (!network) return usage();
    networks.push_back(network);
  }
  if (networks.empty())
    for (const zoo::Network& n : zoo::networks()) networks.push_back(&n);
  const auto file = std::filesystem::temp_directory_path() / fmt::format("ares_study_{}.qonnx", getpid());
  fmt::print("{:<24} {:<13} {:>12} {:>10} {:>11} {:>6}   bound\n", "network", "layers", "elements", "differ", "share",
             "steps");
  Totals totals;
  for (const zoo::Network* n : networks) study(*n, samples, file, totals);
  std::filesystem::remove(file);
  for (const auto& [kind, d] : totals.by_kind) print("all", kind, d);
  fmt::print("{} beyond their bounds\n", totals.beyond);
  return totals.beyond ? 1 : 0;
}
