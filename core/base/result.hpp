// Expected failures are values, failures that end the command are exceptions.
//
// Result<T> is what a function returns when its caller is meant to deal with the failure: a config that does not fit, a
// file that cannot be read. CommandError is thrown when nothing but ending the command is left; main() prints its one
// line and returns its exit status.
#pragma once

#include <stdexcept>
#include <string>
#include <tl/expected.hpp>
#include <utility>

namespace ares {

/// One line that says what failed, where, and what to do about it.
struct Error {
  std::string what;
};

template <class T>
using Result = tl::expected<T, Error>;

inline tl::unexpected<Error> fail(std::string what) { return tl::unexpected<Error>(Error{std::move(what)}); }

/// Exit status of every command: done, the work failed, wrong usage or unreadable input.
enum class ExitStatus { done = 0, failed = 1, usage = 2 };

class CommandError : public std::runtime_error {
 public:
  CommandError(ExitStatus status, const std::string& what) : std::runtime_error(what), status_(status) {}
  ExitStatus status() const { return status_; }

 private:
  ExitStatus status_;
};

/// The value of a result, or a CommandError with its message.
template <class T>
T value_or_throw(Result<T> result, ExitStatus status = ExitStatus::usage) {
  if (!result) throw CommandError(status, result.error().what);
  return std::move(*result);
}

inline void value_or_throw(Result<void> result, ExitStatus status = ExitStatus::usage) {
  if (!result) throw CommandError(status, result.error().what);
}

}  // namespace ares
