// ares-zoo: the reference networks as QONNX files.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/base/cli.hpp"
#include "core/base/file.hpp"
#include "core/base/npy.hpp"
#include "core/builder/size.hpp"
#include "core/builder/write_model.hpp"
#include "experiments/zoo/zoo.hpp"

namespace ares::zoo {
namespace {

namespace fs = std::filesystem;
namespace po = boost::program_options;
using Json = nlohmann::ordered_json;
using Words = std::vector<std::string>;

/// Seeds of the inputs follow from the model's, and differ from it: what is evaluated was not calibrated on.
constexpr uint64_t kInputSeed = 1000;

std::string known_names() {
  std::vector<std::string_view> names;
  for (const Network& n : networks()) names.push_back(n.name);
  return fmt::format("{}", fmt::join(names, ", "));
}

/// The networks of that name; without names all of them.
std::vector<const Network*> chosen(const Words& names) {
  std::vector<const Network*> out;
  for (const std::string& name : names) {
    const Network* network = find_network(name);
    if (!network) {
      throw CommandError(ExitStatus::usage, fmt::format("no network '{}'; there are {}", name, known_names()));
    }
    out.push_back(network);
  }
  if (names.empty()) {
    for (const Network& n : networks()) out.push_back(&n);
  }
  return out;
}

BuildOptions options_of(const OptionValues& v) {
  return {.seed = v["seed"].as<uint64_t>(), .samples = static_cast<int>(v["calibration"].as<unsigned>())};
}

Json describe(const Network& network, const ModelGraph& model) {
  const auto size = value_or_throw(qonnx::model_size(model), ExitStatus::failed);
  Json inputs = Json::object();
  for (const std::string& name : model.inputs) inputs[name] = model.shapes.at(name);
  return {{"name", network.name},
          {"number", network.number ? Json(network.number) : Json()},
          {"inputs", inputs},
          {"macs", size.macs},
          {"parameters", size.parameters},
          {"nodes", model.nodes.size()},
          {"summary", network.summary}};
}

std::string input_text(const Json& network) {
  std::vector<std::string> shapes;
  for (const auto& shape : network["inputs"]) shapes.push_back(qonnx::to_string(shape.get<Shape>()));
  return fmt::format("{}", fmt::join(shapes, ", "));
}

/// 1234567 as 1,234,567.
std::string grouped(int64_t n) {
  std::string digits = std::to_string(n);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), 1, ',');
  }
  return digits;
}

void write_json(const OptionValues& v, const Json& json) {
  if (v.count("json")) value_or_throw(write_file(v["json"].as<std::string>(), json.dump(2) + "\n"), ExitStatus::failed);
}

ExitStatus list(const OptionValues& v, const Words& names) {
  const auto listed = chosen(names);
  Json all = Json::array();
  fmt::print("{:>3}  {:<18} {:<24} {:>12} {:>11}  {}\n", "#", "name", "input", "MACs", "parameters", "what");
  for (const Network* network : listed) {
    const Json d = describe(*network, build(*network, options_of(v)));
    fmt::print("{:>3}  {:<18} {:<24} {:>12} {:>11}  {}\n", network->number ? std::to_string(network->number) : "",
               network->name, input_text(d), grouped(d["macs"]), grouped(d["parameters"]), network->summary);
    all.push_back(d);
  }
  write_json(v, all);
  return ExitStatus::done;
}

/// "inputs.npy", or "inputs_NAME.npy" where the model has several; likewise outputs.
std::string samples_file(const char* what, const std::vector<std::string>& names, std::size_t i) {
  return names.size() == 1 ? fmt::format("{}.npy", what) : fmt::format("{}_{}.npy", what, names[i]);
}

void make_directory(const fs::path& directory) {
  std::error_code error;
  fs::create_directories(directory, error);
  if (error) throw CommandError(ExitStatus::failed, fmt::format("{}: {}", directory.string(), error.message()));
}

Json build_one(const Network& network, const OptionValues& v) {
  const fs::path directory = fs::path(v["output"].as<std::string>()) / network.name;
  make_directory(directory);
  const BuildOptions options = options_of(v);
  const ModelGraph model = build(network, options);
  const Samples samples = make_samples(model, static_cast<int>(v["samples"].as<unsigned>()), options.seed + kInputSeed);
  for (std::size_t i = 0; i < samples.inputs.size(); ++i) {
    const fs::path file = directory / samples_file("inputs", model.inputs, i);
    value_or_throw(write_npy(file, {samples.input_shapes[i], samples.inputs[i]}), ExitStatus::failed);
  }
  for (std::size_t i = 0; i < samples.outputs.size(); ++i) {
    const fs::path file = directory / samples_file("outputs", model.outputs, i);
    value_or_throw(write_npy(file, {samples.output_shapes[i], samples.outputs[i]}), ExitStatus::failed);
  }
  value_or_throw(qonnx::write_model(model, directory / "model.qonnx"),
                 ExitStatus::failed);  // last: it says all is there
  Json d = describe(network, model);
  d["directory"] = directory.string();
  return d;
}

ExitStatus build_all(const OptionValues& v, const Words& names) {
  if (names.empty() == (v.count("all") == 0)) {
    throw CommandError(ExitStatus::usage, "name the networks to build, or give --all (see ares-zoo list)");
  }
  if (v["samples"].as<unsigned>() == 0) throw CommandError(ExitStatus::usage, "--samples has to be at least 1");
  Json all = Json::array();
  for (const Network* network : chosen(names)) {
    all.push_back(build_one(*network, v));
    std::cout << all.back()["directory"].get<std::string>() << "/model.qonnx" << std::endl;
  }
  write_json(v, all);
  return ExitStatus::done;
}

struct Subcommand {
  const char* name;
  const char* argument;
  const char* summary;
  ExitStatus (*run)(const OptionValues&, const Words&);
};

const Subcommand kSubcommands[] = {
    {"list", "[NAME..]", "the networks with inputs, multiply-accumulates and parameters", list},
    {"build", "NAME..", "writes DIR/NAME/model.qonnx with inputs.npy and outputs.npy beside it", build_all},
};

Options options_of(const Subcommand& s) {
  Options o;
  auto add = o.add_options();
  if (s.run == build_all) {
    add("output,o", po::value<std::string>()->value_name("DIR")->default_value("zoo"), "where the models go");
    add("all", "every network");
    add("samples", po::value<unsigned>()->value_name("N")->default_value(4), "inputs to write");
  }
  add("seed", po::value<uint64_t>()->value_name("N")->default_value(1), "of weights, calibration samples and inputs");
  add("calibration", po::value<unsigned>()->value_name("N")->default_value(2), "samples that scales are fitted to");
  add("json", po::value<std::string>()->value_name("FILE"), "the list as JSON");
  return o;
}

void print_overview() {
  std::cout << "ares-zoo: the reference networks as QONNX files, with seeded weights and calibrated scales.\n\n"
               "Usage: ares-zoo COMMAND [..] [options]\n\n";
  for (const Subcommand& s : kSubcommands) {
    std::cout << fmt::format("  {:<18}{}\n", fmt::format("{} {}", s.name, s.argument), s.summary);
  }
  std::cout << "\nares-zoo COMMAND --help shows a command's options.\n";
}

int run_subcommand(const Subcommand& s, int argc, const char* const* argv) {
  Words words;
  int first_option = 2;
  while (first_option < argc && argv[first_option][0] != '-') words.emplace_back(argv[first_option++]);
  const Command command{fmt::format("ares-zoo {}", s.name), s.summary, options_of(s),
                        [&](const OptionValues& v) { return s.run(v, words); }};
  return run_command(argc - first_option + 1, argv + first_option - 1, command);
}

}  // namespace
}  // namespace ares::zoo

int main(int argc, char** argv) {
  using namespace ares;
  const std::string first = argc > 1 ? argv[1] : "";
  for (const auto& s : zoo::kSubcommands) {
    if (first == s.name) return zoo::run_subcommand(s, argc, argv);
  }
  if (first == "--help" || first == "-h") {
    zoo::print_overview();
    return 0;
  }
  const Command overview{"ares-zoo", "", {}, [&](const OptionValues&) -> ExitStatus {
                           throw CommandError(ExitStatus::usage, "give a command: list or build (see ares-zoo --help)");
                         }};
  if (!first.empty() && first[0] != '-') {
    std::cerr << fmt::format("ares-zoo: unknown command '{}' (see ares-zoo --help)\n", first);
    return static_cast<int>(ExitStatus::usage);
  }
  return run_command(argc, argv, overview);
}
