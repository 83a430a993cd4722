// What every command of ARES has in common: option parsing, --help, --version, one line per error, exit statuses.
#pragma once

#include <boost/program_options/options_description.hpp>
#include <boost/program_options/variables_map.hpp>
#include <functional>
#include <string>

#include "core/base/result.hpp"

namespace ares {

using Options = boost::program_options::options_description;
using OptionValues = boost::program_options::variables_map;

struct Command {
  std::string name;     ///< as the user types it: ares-run
  std::string summary;  ///< one sentence for --help
  Options options;      ///< without --help and --version
  /// The work; may throw CommandError.
  std::function<ExitStatus(const OptionValues&)> run;
};

/// Parses the command line, runs the command and returns its exit status. Unknown, incomplete or abbreviated options,
/// CommandError and every other exception end as one line "NAME: what" on stderr.
int run_command(int argc, const char* const* argv, const Command& command);

/// One progress or notice line on stderr.
void print_notice(const std::string& line);

}  // namespace ares
