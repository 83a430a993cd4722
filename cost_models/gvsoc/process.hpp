// A command in a process group of its own, which does not outlive its time.
#pragma once

#include <atomic>
#include <string>
#include <vector>

namespace ares::gvsoc {

struct ProcessResult {
  int status = -1;  ///< exit status; 128 + signal where one ended it; 127: the program is not there
  bool timed_out = false;
  bool stopped = false;  ///< by the caller
  std::string text;      ///< what it wrote to stdout and stderr, also where it was killed
};

/// Runs `arguments` (the program is looked up in PATH). After `seconds`, or as soon as `stop` is true, everything that
/// the command has started is killed. More output than 16 MiB is cut off.
ProcessResult run_process(const std::vector<std::string>& arguments, double seconds, const std::atomic<bool>& stop);

}  // namespace ares::gvsoc
