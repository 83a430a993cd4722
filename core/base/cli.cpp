#include "core/base/cli.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/program_options.hpp>
#include <iostream>
#include <new>

namespace ares {
namespace {

namespace po = boost::program_options;

/// Long options are never guessed from a prefix: a misspelt option is an error.
constexpr int kStyle = po::command_line_style::default_style & ~po::command_line_style::allow_guessing;

OptionValues parse(int argc, const char* const* argv, const Options& options) {
  OptionValues values;
  // An empty positional description makes a stray argument an error.
  po::store(po::command_line_parser(argc, argv)
                .options(options)
                .positional(po::positional_options_description())
                .style(kStyle)
                .run(),
            values);
  return values;
}

ExitStatus dispatch(int argc, const char* const* argv, const Command& command) {
  Options all(fmt::format("{}: {}\n\nUsage: {} [options]", command.name, command.summary, command.name), 110, 60);
  all.add(command.options);
  all.add_options()("help,h", "print this text")("version", "print the version");
  try {
    OptionValues values = parse(argc, argv, all);
    if (values.count("help")) {
      std::cout << all;
      return ExitStatus::done;
    }
    if (values.count("version")) {
      std::cout << command.name << " " << ARES_VERSION << "\n";
      return ExitStatus::done;
    }
    po::notify(values);
    return command.run(values);
  } catch (const po::error& e) {
    throw CommandError(ExitStatus::usage, fmt::format("{} (see {} --help)", e.what(), command.name));
  }
}

int report(const Command& command, ExitStatus status, std::string what) {
  std::replace(what.begin(), what.end(), '\n', ' ');
  std::cerr << command.name << ": " << what << std::endl;
  return static_cast<int>(status);
}

}  // namespace

int run_command(int argc, const char* const* argv, const Command& command) {
  try {
    const ExitStatus status = dispatch(argc, argv, command);
    std::cout.flush();
    if (!std::cout) return report(command, ExitStatus::failed, "standard output cannot be written");
    return static_cast<int>(status);
  } catch (const CommandError& e) {
    return report(command, e.status(), e.what());
  } catch (const std::bad_alloc&) {
    return report(command, ExitStatus::failed, "out of memory");
  } catch (const std::exception& e) {
    return report(command, ExitStatus::failed, fmt::format("internal error: {}", e.what()));
  }
}

void print_notice(const std::string& line) { std::cerr << line << std::endl; }

}  // namespace ares
