// ares-run: the INT8 reference engine on a model and .npy inputs.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <chrono>
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/base/file.hpp"
#include "core/base/npy.hpp"
#include "core/compare/report.hpp"
#include "core/import/model_options.hpp"
#include "core/ir/graph.hpp"
#include "core/reference/dump.hpp"

namespace ares {
namespace {

namespace po = boost::program_options;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

/// One --input or --output: the file for input or output `index`.
struct Binding {
  std::size_t index = 0;
  std::string file;
};

/// Reads "[name=]file" options against the names of the model's inputs or outputs. Without a name the options stand in
/// the model's order.
template <class Ends>
std::vector<Binding> bind(const std::vector<std::string>& options, const Ends& ends, const char* what) {
  std::vector<Binding> bindings;
  for (const std::string& option : options) {
    Binding b{bindings.size(), option};
    for (std::size_t i = 0; i < ends.size(); ++i) {
      const std::string prefix = ends[i].name + "=";
      if (option.compare(0, prefix.size(), prefix) == 0) b = {i, option.substr(prefix.size())};
    }
    const auto same = [&](const Binding& other) { return other.index == b.index; };
    if (b.index >= ends.size() || std::any_of(bindings.begin(), bindings.end(), same)) {
      throw CommandError(ExitStatus::usage, fmt::format("--{} {}: the model has {} {}(s), name each once as NAME=FILE",
                                                        what, option, ends.size(), what));
    }
    bindings.push_back(b);
  }
  return bindings;
}

/// The samples of one input.
struct Samples {
  std::vector<float> values;
  std::size_t size = 0;  ///< elements of one sample
  std::size_t count = 0;
};

/// A leading batch axis and the model's own shape behind it; one sample may come without the batch axis.
Samples read_samples(const std::string& file, const NetworkInput& input) {
  const NpyArray array = value_or_throw(read_npy(file));
  const std::vector<int64_t> own(input.view.shape.begin() + 1, input.view.shape.end());
  const bool batched =
      array.shape.size() == own.size() + 1 && std::equal(own.begin(), own.end(), array.shape.begin() + 1);
  if (!batched && array.shape != own) {
    throw CommandError(ExitStatus::usage, fmt::format("{}: shape ({}) does not fit input '{}' of shape (N, {})", file,
                                                      fmt::join(array.shape, ", "), input.name, fmt::join(own, ", ")));
  }
  Samples s{values_as<float>(array), 1, batched ? static_cast<std::size_t>(array.shape[0]) : 1};
  for (const int64_t d : own) s.size *= static_cast<std::size_t>(d);
  if (s.count == 0) throw CommandError(ExitStatus::usage, fmt::format("{}: holds no sample", file));
  const auto nan = std::find_if(s.values.begin(), s.values.end(), [](float v) { return v != v; });
  if (nan != s.values.end()) {
    throw CommandError(ExitStatus::usage, fmt::format("{}: sample {} holds a value that is not a number", file,
                                                      (nan - s.values.begin()) / static_cast<std::ptrdiff_t>(s.size)));
  }
  return s;
}

std::vector<Samples> read_inputs(const OptionValues& values, const LayerGraph& g) {
  const auto bindings = bind(values["input"].as<std::vector<std::string>>(), g.inputs, "input");
  if (bindings.size() != g.inputs.size()) {
    throw CommandError(ExitStatus::usage,
                       fmt::format("the model has {} inputs, {} --input given", g.inputs.size(), bindings.size()));
  }
  std::vector<Samples> inputs(g.inputs.size());
  for (const Binding& b : bindings) inputs[b.index] = read_samples(b.file, g.inputs[b.index]);
  for (const Samples& s : inputs) {
    if (s.count != inputs[0].count)
      throw CommandError(ExitStatus::usage, "the inputs differ in their number of samples");
  }
  return inputs;
}

struct Results {
  std::vector<std::vector<float>> outputs;  ///< per model output, all samples
  std::size_t samples = 0;
  double seconds = 0;
};

/// Sample `n` of every input as the network stores it.
std::vector<TensorData> stored_sample(const LayerGraph& g, const std::vector<Samples>& inputs, std::size_t n) {
  std::vector<TensorData> stored;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    const Samples& s = inputs[i];
    stored.push_back(quantise_input(g, i, std::span(s.values).subspan(n * s.size, s.size)));
  }
  return stored;
}

Results run_samples(const LayerGraph& g, const std::vector<Samples>& inputs, TensorRecord* record) {
  Results r{std::vector<std::vector<float>>(g.outputs.size()), inputs[0].count, 0};
  for (std::size_t n = 0; n < r.samples; ++n) {
    const auto start = Clock::now();
    const auto data = run(g, stored_sample(g, inputs, n));
    for (std::size_t o = 0; o < g.outputs.size(); ++o) {
      const auto real = dequantise_output(g, o, data[static_cast<std::size_t>(g.outputs[o].tensor)]);
      r.outputs[o].insert(r.outputs[o].end(), real.begin(), real.end());
    }
    r.seconds += std::chrono::duration<double>(Clock::now() - start).count();
    if (record) record->add(g, data);
  }
  return r;
}

void write_outputs(const std::vector<Binding>& bindings, const LayerGraph& g, const Results& r) {
  for (const Binding& b : bindings) {
    const auto shape = batch_shape({output_shape(g.outputs[b.index]), {}}, r.samples);
    value_or_throw(write_npy(b.file, {shape, r.outputs[b.index]}), ExitStatus::failed);
  }
}

/// One label for each sample; empty without --labels.
std::vector<int64_t> read_labels(const OptionValues& values, std::size_t samples) {
  if (!values.count("labels")) return {};
  const auto& file = values["labels"].as<std::string>();
  const NpyArray array = value_or_throw(read_npy(file));
  auto labels = values_as<int64_t>(array);
  if (!is_integral(array) || labels.size() != samples) {
    throw CommandError(ExitStatus::usage,
                       fmt::format("{}: has to hold one integer label for each of the {} samples", file, samples));
  }
  return labels;
}

/// Samples of the first output whose largest value (the first of equals) is at the label's index.
std::size_t count_correct(const std::vector<int64_t>& labels, const Results& r) {
  const auto classes = static_cast<std::ptrdiff_t>(r.outputs[0].size() / r.samples);
  std::size_t correct = 0;
  for (std::size_t n = 0; n < r.samples; ++n) {
    const auto begin = r.outputs[0].begin() + static_cast<std::ptrdiff_t>(n) * classes;
    correct += std::max_element(begin, begin + classes) - begin == labels[n];
  }
  return correct;
}

/// What differs from a directory that --dump wrote, in one line; empty: nothing.
std::string compare_directory(const std::string& directory, const TensorRecord& record, nlohmann::json& report) {
  const auto result = value_or_throw(record.compare(directory));
  report["compare"] = {{"compared", result.compared}, {"absent", result.absent}, {"difference", result.difference}};
  if (!result.difference.empty()) return fmt::format("{}: {}", directory, result.difference);
  std::cout << fmt::format("compare: {} tensors equal, {} without a file in {}\n", result.compared, result.absent,
                           directory);
  return "";
}

/// The sample that a record is of: --sample, else the number in the file's name, else the only one.
std::size_t recorded_sample(const OptionValues& values, const Record& record, std::size_t samples) {
  const auto& file = values["compare"].as<std::string>();
  const bool given = values.count("sample");
  if (!given && !record.sample && samples > 1) {
    throw CommandError(ExitStatus::usage, fmt::format("{}: which sample is it? its name ends in no number; give "
                                                      "--sample",
                                                      file));
  }
  const std::size_t n = given ? values["sample"].as<std::size_t>() : record.sample.value_or(0);
  if (n < samples) return n;
  throw CommandError(ExitStatus::usage, fmt::format("{}: sample {} of {}; count from 0", file, n, samples));
}

/// What differs from recorded integers beyond what rounding explains, in one line; empty: nothing.
std::string compare_record(const OptionValues& values, const LayerGraph& g, const std::vector<Samples>& inputs,
                           const Record& record, nlohmann::json& report) {
  const auto& file = values["compare"].as<std::string>();
  const std::size_t n = recorded_sample(values, record, inputs[0].count);
  const auto result = compare(g, stored_sample(g, inputs, n), record);
  if (!result) throw CommandError(ExitStatus::usage, fmt::format("{}: {}", file, result.error().what));
  report["compare"] = comparison_json(*result);
  report["compare"]["sample"] = n;
  std::cout << fmt::format("sample {} against {}:\n{}", n, file, comparison_text(*result));
  const std::string wrong = complaint(*result);
  if (wrong.empty()) return "";
  const char* hint = g.policy == RequantPolicy::fast ? " (the fast policy may; try --requant exact)" : "";
  return fmt::format("{}: {}{}", file, wrong, hint);
}

nlohmann::json describe(const LayerGraph& g, const std::string& model, const Results& r) {
  nlohmann::json layers = nlohmann::json::array();
  constexpr const char* forms[] = {"narrow", "wide", "raw"};
  for (const LayerId id : execution_order(g)) {
    nlohmann::json layer{{"name", g.dag[id].name}, {"node", g.dag[id].model_node}, {"macs", macs(g, id)}};
    if (const auto* w = std::get_if<Weighted>(&g.dag[id].op)) {
      layer["requant"] = forms[static_cast<std::size_t>(w->requant.form)];
      layer["deviation"] = w->requant.deviation;
    }
    layers.push_back(layer);
  }
  return {
      {"schema_version", 1},  {"model", model},       {"requant", g.policy == RequantPolicy::fast ? "fast" : "exact"},
      {"samples", r.samples}, {"seconds", r.seconds}, {"layers", layers}};
}

ExitStatus run_model(const OptionValues& values) {
  std::vector<std::string> notices;  // held back until the command line proves right: a refusal is one line
  const LayerGraph g = load_model(values, [&](const std::string& line) { notices.push_back(line); });
  const std::vector<Samples> inputs = read_inputs(values, g);
  const std::vector<int64_t> labels = read_labels(values, inputs[0].count);
  std::vector<Binding> outputs;
  if (values.count("output")) outputs = bind(values["output"].as<std::vector<std::string>>(), g.outputs, "output");
  std::for_each(notices.begin(), notices.end(), print_notice);
  const std::string compared = values.count("compare") ? values["compare"].as<std::string>() : "";
  std::optional<Record> recorded;
  if (fs::is_regular_file(compared)) recorded = value_or_throw(read_record(compared));
  const bool records = values.count("dump") || (!compared.empty() && !recorded);
  TensorRecord record;
  if (records) record = value_or_throw(TensorRecord::create(g), ExitStatus::failed);
  const Results r = run_samples(g, inputs, records ? &record : nullptr);
  write_outputs(outputs, g, r);
  nlohmann::json report = describe(g, values["model"].as<std::string>(), r);
  std::cout << fmt::format("{} samples, {:.2f} ms each\n", r.samples, 1e3 * r.seconds / static_cast<double>(r.samples));
  if (!labels.empty()) {
    const std::size_t correct = count_correct(labels, r);
    const double accuracy = static_cast<double>(correct) / static_cast<double>(r.samples);
    std::cout << fmt::format("accuracy: {:.2f} % ({} of {})\n", 100 * accuracy, correct, r.samples);
    report["accuracy"] = accuracy;
  }
  if (values.count("dump")) value_or_throw(record.write(values["dump"].as<std::string>()), ExitStatus::failed);
  std::string difference;
  if (recorded) {
    difference = compare_record(values, g, inputs, *recorded, report);
  } else if (!compared.empty()) {
    difference = compare_directory(compared, record, report);
  }
  if (values.count("json")) {
    value_or_throw(write_file(values["json"].as<std::string>(), report.dump(2) + "\n"), ExitStatus::failed);
  }
  if (!difference.empty()) throw CommandError(ExitStatus::failed, difference);
  return ExitStatus::done;
}

Options run_options() {
  Options options("Options", 110, 60);
  add_model_options(options);
  const auto file = [] { return po::value<std::string>()->value_name("FILE"); };
  const auto files = [] { return po::value<std::vector<std::string>>()->value_name("[NAME=]FILE"); };
  const auto directory = [] { return po::value<std::string>()->value_name("DIR"); };
  options.add_options()("input", files()->required(), "input samples (.npy, leading batch axis); once per model input")(
      "output", files(), "where the real-valued outputs go (.npy, float32)")(
      "labels", file(), "class of each sample (.npy): prints the accuracy")(
      "dump", directory(), "write the integers of every quantised tensor there")(
      "compare", po::value<std::string>()->value_name("DIR|FILE.npz"),
      "name the first tensor that differs from such a directory, or from the integers that Brevitas computed for a "
      "sample (FILE.npz with FILE.json)")("sample", po::value<std::size_t>()->value_name("N"),
                                          "the sample that FILE.npz is of (default: the number in its name)")(
      "json", file(), "write a report");
  return options;
}

}  // namespace
}  // namespace ares

int main(int argc, char** argv) {
  return ares::run_command(argc, argv,
                           {"ares-run", "runs a quantised model in integers, bit for bit as a generated program does",
                            ares::run_options(), ares::run_model});
}
