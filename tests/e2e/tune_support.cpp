#include "tune_support.hpp"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <regex>
#include <sstream>
#include <thread>

extern char** environ;

namespace ares::tune_test {

Scratch::Scratch() {
  std::string name = (std::filesystem::temp_directory_path() / "ares-tune-test-XXXXXX").string();
  REQUIRE(mkdtemp(name.data()));
  path_ = name;
}

Scratch::~Scratch() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::string read_text(const std::string& file) {
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

void write_text(const std::string& file, const std::string& text) { std::ofstream(file, std::ios::binary) << text; }

std::vector<std::string> lines(const std::string& text) {
  std::vector<std::string> result;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) result.push_back(line);
  return result;
}

std::string small_model() { return ARES_SOURCE_DIR "/tests/models/small_cnn.qonnx"; }

Tuning::Tuning(const Scratch& scratch, const std::vector<std::string>& arguments)
    : out_(scratch / "stdout"), err_(scratch / "stderr") {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  constexpr int mode = O_WRONLY | O_CREAT | O_TRUNC;
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out_.c_str(), mode, 0600);
  posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, err_.c_str(), mode, 0600);
  std::string program = ARES_BIN_DIR "/ares-tune";
  std::vector<std::string> copies = arguments;
  std::vector<char*> argv{program.data()};
  for (std::string& a : copies) argv.push_back(a.data());
  argv.push_back(nullptr);
  std::vector<char*> environment;  // without GVSOC: these tests' runs are short, and the same everywhere
  for (char** variable = environ; *variable; ++variable)
    if (!std::string_view(*variable).starts_with("GVSOC_HOME=")) environment.push_back(*variable);
  environment.push_back(nullptr);
  REQUIRE(posix_spawn(&process_, program.c_str(), &actions, nullptr, argv.data(), environment.data()) == 0);
  posix_spawn_file_actions_destroy(&actions);
}

Tuning::~Tuning() {
  if (process_ < 0) return;
  kill(process_, SIGKILL);
  waitpid(process_, nullptr, 0);
}

void Tuning::send(int signal) { kill(process_, signal); }

int Tuning::wait() {
  int status = 0;
  REQUIRE(waitpid(process_, &status, 0) == process_);
  process_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

bool Tuning::wait_for(const std::string& pattern) {
  const std::regex expected(pattern);
  using namespace std::chrono_literals;
  const auto end = std::chrono::steady_clock::now() + 30s;
  while (std::chrono::steady_clock::now() < end) {
    siginfo_t info{};
    const int asked = waitid(P_PID, static_cast<id_t>(process_), &info, WEXITED | WNOHANG | WNOWAIT);
    const bool ended = asked == 0 && info.si_pid != 0;
    if (std::regex_search(err(), expected)) return !ended;
    if (ended) return false;
    std::this_thread::sleep_for(1ms);
  }
  return false;
}

Ended tune(const Scratch& scratch, const std::vector<std::string>& arguments) {
  Tuning t(scratch, arguments);
  const int status = t.wait();
  return {status, t.out(), t.err()};
}

nlohmann::json read_json(const std::string& file) {
  auto j = nlohmann::json::parse(read_text(file), nullptr, false);
  REQUIRE_FALSE(j.is_discarded());
  return j;
}

}  // namespace ares::tune_test
