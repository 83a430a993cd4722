// The right to write: one process at a time holds it for a directory, and whoever has to wait can be told who that is.
//
// It is a lock of the operating system on the file OWNER, so it ends with its process however that dies; the file's
// text only names the holder.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <string>

#include "core/base/result.hpp"

namespace ares::kb {

class Owner {
 public:
  /// Takes the right for `dir`, which exists; waits up to `wait` for another holder and tells `on_wait` once who that
  /// is.
  static Result<Owner> acquire(const std::filesystem::path& dir, std::chrono::milliseconds wait,
                               const std::function<void(const std::string& holder)>& on_wait);

  Owner(Owner&& other) noexcept : file_(std::exchange(other.file_, -1)) {}
  Owner& operator=(Owner&& other) noexcept {
    std::swap(file_, other.file_);
    return *this;
  }
  ~Owner();

 private:
  explicit Owner(int file) : file_(file) {}
  int file_ = -1;
};

}  // namespace ares::kb
