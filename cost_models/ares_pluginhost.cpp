// ares-pluginhost LIBRARY TARGET: the process in which a plug-in cost model runs. Started by ares-tune, not by people;
// plugin_library.hpp has what it reads and writes. It ends when its input does.
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstring>

#include "cost_models/plugin_library.hpp"

namespace ares {
namespace {

bool read_all(void* to, std::size_t bytes) {
  auto* at = static_cast<char*>(to);
  while (bytes > 0) {
    const ssize_t n = read(STDIN_FILENO, at, bytes);
    if (n <= 0) return false;
    at += n;
    bytes -= static_cast<std::size_t>(n);
  }
  return true;
}

/// The answers' way; standard output itself is the plug-in's, whatever it prints there shows on standard error.
int answers = -1;

bool write_all(const void* from, std::size_t bytes) {
  const auto* at = static_cast<const char*>(from);
  while (bytes > 0) {
    const ssize_t n = write(answers, at, bytes);
    if (n <= 0) return false;
    at += n;
    bytes -= static_cast<std::size_t>(n);
  }
  return true;
}

bool answer(uint64_t status, const void* payload, std::size_t bytes) {
  const PluginAnswer head{status, bytes};
  return write_all(&head, sizeof head) && write_all(payload, bytes);
}

int serve(const char* file, const char* target) {
  const auto library = PluginLibrary::load(file, target);
  const std::string hello = library ? (*library)->name() : library.error().what;
  if (!answer(library ? 0 : 1, hello.data(), hello.size()) || !library) return 1;
  PluginRequest request;
  std::vector<ares_plugin_config> configs;
  std::vector<double> cycles;
  while (read_all(&request, sizeof request)) {
    configs.resize(request.count);
    cycles.assign(request.count, 0);
    if (!read_all(configs.data(), configs.size() * sizeof configs[0])) return 1;
    const auto done = (*library)->estimate(request.group, configs, cycles);
    const bool written = done ? answer(0, cycles.data(), cycles.size() * sizeof(double))
                              : answer(1, done.error().what.data(), done.error().what.size());
    if (!written) return 1;
  }
  return 0;
}

}  // namespace
}  // namespace ares

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: ares-pluginhost LIBRARY TARGET (started by ares-tune)\n");
    return 2;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  std::signal(SIGPIPE, SIG_IGN);
  ares::answers = dup(STDOUT_FILENO);
  dup2(STDERR_FILENO, STDOUT_FILENO);
  return ares::serve(argv[1], argv[2]);
}
