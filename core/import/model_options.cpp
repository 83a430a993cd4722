#include "core/import/model_options.hpp"

#include <fmt/format.h>

#include <boost/program_options.hpp>

#include "core/import/load_network.hpp"

namespace ares {

namespace po = boost::program_options;

void add_model_options(Options& options, ModelOption model) {
  auto* file = po::value<std::string>()->value_name("FILE");
  if (model == ModelOption::required) file->required();
  options.add_options()("model", file, "QONNX model (.qonnx, .onnx) or a checkpoint of one (.json)")(
      "requant", po::value<std::string>()->value_name("fast|exact"),
      "fast (default): cheapest form within a quarter step; exact: as the model rounds")(
      "ranges", po::value<std::string>()->default_value("", "")->value_name("LO:HI|FILE.npy"),
      "range, or samples, of what the model leaves unquantised: an input, sums before a norm")(
      "checkpoints", po::value<std::string>()->default_value("", "")->value_name("DIR"),
      "write the graph after every pass there");
}

LayerGraph load_model(const OptionValues& values, const std::function<void(const std::string&)>& notice) {
  ImportOptions options;
  if (values.count("requant")) {
    const auto& policy = values["requant"].as<std::string>();
    if (policy != "fast" && policy != "exact") {
      throw CommandError(ExitStatus::usage, fmt::format("--requant {}: has to be fast or exact", policy));
    }
    options.policy = policy == "fast" ? RequantPolicy::fast : RequantPolicy::exact;
  }
  options.checkpoints = values["checkpoints"].as<std::string>();
  options.ranges = values["ranges"].as<std::string>();
  options.notice = notice;
  bool needs_ranges = false;
  options.needs_ranges = &needs_ranges;
  auto network = load_network(values["model"].as<std::string>(), options);
  return value_or_throw(std::move(network), needs_ranges ? ExitStatus::failed : ExitStatus::usage);
}

}  // namespace ares
