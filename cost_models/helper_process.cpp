#include "cost_models/helper_process.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstring>

namespace ares {
namespace {

/// An answer of more is no answer.
constexpr std::size_t most_received = 256u << 20;

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// Waits until the socket is ready for `events`; false: not before the deadline.
bool wait_for(int socket, short events, double deadline) {
  for (;;) {
    const double left = deadline - now();
    if (left <= 0) return false;
    pollfd p{socket, events, 0};
    const int ready = poll(&p, 1, static_cast<int>(left * 1000) + 1);
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
  }
}

tl::unexpected<Error> too_slow(double seconds) { return fail(fmt::format("no answer within {:g} s", seconds)); }

}  // namespace

Result<void> HelperProcess::start(const std::vector<std::string>& arguments) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return fail(std::strerror(errno));
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);  // of its own: Ctrl-C is ours to handle
  posix_spawnattr_setpgroup(&attributes, 0);
  std::vector<char*> argv;
  for (const std::string& a : arguments) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  const int error = posix_spawnp(&child_, argv[0], &actions, &attributes, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  close(ends[1]);
  socket_ = ends[0];
  if (error != 0) {
    child_ = -1;
    end();
    return fail(fmt::format("cannot be started: {}", std::strerror(error)));
  }
  fcntl(socket_, F_SETFL, O_NONBLOCK);
  return {};
}

tl::unexpected<Error> HelperProcess::gone() {
  int status = 0;
  pid_t done = 0;
  for (int i = 0; i < 100 && done == 0; ++i) {  // it closed its end a moment before it ends
    done = waitpid(child_, &status, WNOHANG);
    if (done == 0) usleep(1000);
  }
  if (done != child_) return fail("closed its output");
  child_ = -1;
  if (WIFSIGNALED(status)) return fail(fmt::format("crashed ({})", strsignal(WTERMSIG(status))));
  return fail(fmt::format("ended with status {}", WEXITSTATUS(status)));
}

Result<void> HelperProcess::send(const std::string& bytes, double seconds) {
  const double deadline = now() + seconds;
  for (std::size_t sent = 0; sent < bytes.size();) {
    if (!wait_for(socket_, POLLOUT, deadline)) return too_slow(seconds);
    const ssize_t n = ::send(socket_, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
    if (n > 0)
      sent += static_cast<std::size_t>(n);
    else if (errno != EAGAIN && errno != EINTR)
      return gone();
  }
  return {};
}

Result<void> HelperProcess::fill(double deadline) {
  char buffer[1 << 16];
  for (;;) {
    if (!wait_for(socket_, POLLIN, deadline)) return fail("");
    const ssize_t n = recv(socket_, buffer, sizeof buffer, 0);
    if (n > 0) {
      received_.append(buffer, static_cast<std::size_t>(n));
      if (received_.size() > most_received) return fail("its answer does not end");
      return {};
    }
    if (n == 0 || (errno != EAGAIN && errno != EINTR)) return gone();
  }
}

Result<std::string> HelperProcess::receive(std::size_t bytes, double seconds) {
  const double deadline = now() + seconds;
  while (received_.size() < bytes)
    if (auto ok = fill(deadline); !ok) return ok.error().what.empty() ? too_slow(seconds) : tl::unexpected(ok.error());
  std::string head = received_.substr(0, bytes);
  received_.erase(0, bytes);
  return head;
}

Result<std::string> HelperProcess::receive_line(double seconds) {
  const double deadline = now() + seconds;
  std::size_t searched = 0;
  for (;;) {
    const std::size_t at = received_.find('\n', searched);
    if (at != std::string::npos) {
      std::string line = received_.substr(0, at);
      received_.erase(0, at + 1);
      return line;
    }
    searched = received_.size();
    if (auto ok = fill(deadline); !ok) return ok.error().what.empty() ? too_slow(seconds) : tl::unexpected(ok.error());
  }
}

void HelperProcess::end() {
  if (socket_ >= 0) close(socket_);
  socket_ = -1;
  if (child_ > 0) {
    kill(-child_, SIGKILL);
    waitpid(child_, nullptr, 0);
  }
  child_ = -1;
}

}  // namespace ares
