#include "cost_models/gvsoc/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>

namespace ares::gvsoc {
namespace {

using Clock = std::chrono::steady_clock;

constexpr size_t most_output = 16u << 20;
/// How often `stop` is looked at.
constexpr int poll_ms = 50;
constexpr int not_found = 127;

[[noreturn]] void run_child(const std::vector<std::string>& arguments, int output) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const int nothing = open("/dev/null", O_RDONLY);
  dup2(nothing, STDIN_FILENO);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  std::vector<char*> argv;
  for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  execvp(argv.front(), argv.data());
  _exit(not_found);
}

/// True where the time is up; notes why.
bool over(Clock::time_point deadline, const std::atomic<bool>& stop, ProcessResult& result) {
  result.stopped = stop;
  result.timed_out = !result.stopped && Clock::now() >= deadline;
  return result.stopped || result.timed_out;
}

/// Until end of file or the time is up.
void read_all(int pipe, Clock::time_point deadline, const std::atomic<bool>& stop, ProcessResult& result) {
  std::array<char, 1 << 16> buffer;
  while (!over(deadline, stop, result)) {
    pollfd wait{pipe, POLLIN, 0};
    const int ready = poll(&wait, 1, poll_ms);
    if (ready < 0 && errno != EINTR) return;
    if (ready <= 0) continue;
    const ssize_t n = read(pipe, buffer.data(), buffer.size());
    if (n == 0 || (n < 0 && errno != EINTR)) return;
    if (n > 0 && result.text.size() < most_output) result.text.append(buffer.data(), static_cast<size_t>(n));
  }
}

/// Waits for the command, which may close its output before it ends; then, or when the time is up, kills what is left
/// of its group.
int end_of(pid_t child, Clock::time_point deadline, const std::atomic<bool>& stop, ProcessResult& result) {
  siginfo_t info{};
  const auto ended = [&] {  // but not collected: its number still names the group
    return waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == child;
  };
  while (!ended() && !over(deadline, stop, result)) usleep(1000);
  kill(-child, SIGKILL);
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

ProcessResult run_process(const std::vector<std::string>& arguments, double seconds, const std::atomic<bool>& stop) {
  ProcessResult result;
  const auto deadline =
      Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) return result;
  const pid_t child = fork();
  if (child == 0) run_child(arguments, ends[1]);
  close(ends[1]);
  if (child < 0) return close(ends[0]), result;
  setpgid(child, child);  // whichever of the two comes first
  read_all(ends[0], deadline, stop, result);
  result.status = end_of(child, deadline, stop, result);
  close(ends[0]);
  return result;
}

}  // namespace ares::gvsoc
