// The command line of ares-tune.
#pragma once

#include <optional>
#include <string>

#include "core/base/cli.hpp"
#include "core/plan/network_program.hpp"
#include "search/sweep.hpp"
#include "search/tuner.hpp"

namespace ares {

struct TuneSettings {
  TunerOptions tuner;
  PlanOptions plan;
  std::string target, cost_model, measure, gvsoc_home;
  std::optional<std::string> kb;  ///< --kb; nothing: the default place
  bool use_kb = true;
  bool trust_plugin = false;  ///< of cost_model, where it is a shared library
  double clock_hz = 0;        ///< 0: the target's
  double target_ms = 0;       ///< 0: none
  std::optional<SweepRequest> sweep;
  std::string explain;  ///< a group; empty: none
  int jobs = 1;
  bool dry_run = false;
  std::string json, trials, report, trace;  ///< files to write; empty: none
};

/// All options but those of add_model_options().
void add_tune_options(Options& options);

/// Throws CommandError (usage) on values that make no sense, files that cannot be read and options of later versions.
TuneSettings read_tune_settings(const OptionValues& values);

/// Seconds of `2h`, `90s`, `1h30m` or `45` (seconds); nothing: it is no duration.
std::optional<double> parse_duration(const std::string& text);

}  // namespace ares
