// Running ares-tune as a user does, and killing it.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace ares::tune_test {

/// A fresh directory, removed at the end.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  std::string operator/(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

std::string read_text(const std::string& file);
void write_text(const std::string& file, const std::string& text);
std::vector<std::string> lines(const std::string& text);

/// The model that the repository carries.
std::string small_model();

/// A running ares-tune; its output goes to files of the scratch directory.
class Tuning {
 public:
  Tuning(const Scratch& scratch, const std::vector<std::string>& arguments);
  ~Tuning();
  Tuning(const Tuning&) = delete;
  Tuning& operator=(const Tuning&) = delete;

  void send(int signal);
  /// The exit status, or minus the signal that ended it.
  int wait();
  std::string out() const { return read_text(out_); }
  std::string err() const { return read_text(err_); }
  /// Until stderr holds a match of the regular expression; false: it ended before, or 30 s have passed.
  bool wait_for(const std::string& pattern);

 private:
  std::string out_, err_;
  pid_t process_ = -1;
};

struct Ended {
  int status = -1;
  std::string out, err;
};

Ended tune(const Scratch& scratch, const std::vector<std::string>& arguments);

nlohmann::json read_json(const std::string& file);

}  // namespace ares::tune_test
