// A child process that is talked to over its standard input and output, with a time limit on everything. Its standard
// error is ours.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "core/base/result.hpp"

namespace ares {

class HelperProcess {
 public:
  HelperProcess() = default;
  HelperProcess(const HelperProcess&) = delete;
  HelperProcess& operator=(const HelperProcess&) = delete;
  ~HelperProcess() { end(); }

  /// `arguments[0]` is looked up on the path.
  Result<void> start(const std::vector<std::string>& arguments);
  /// All of `bytes` within the time, or the reason why not: the process ended (how), or takes too long.
  Result<void> send(const std::string& bytes, double seconds);
  Result<std::string> receive(std::size_t bytes, double seconds);
  /// Up to and without the next newline.
  Result<std::string> receive_line(double seconds);
  /// Kills it, and what it started in its process group.
  void end();

 private:
  Result<void> fill(double deadline);
  tl::unexpected<Error> gone();

  pid_t child_ = -1;
  int socket_ = -1;
  std::string received_;
};

}  // namespace ares
