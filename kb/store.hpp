// The RocksDB database below the knowledge base: columns of sorted byte strings. What the bytes mean is codec.hpp's.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/base/result.hpp"

namespace ares::kb {

/// RocksDB column families. trials: the results of unsettled subjects, for resuming.
enum class Column : uint8_t { entries, plans, failures, runs, trials, meta };
inline constexpr int column_count = 6;

const char* name_of(Column c);

/// Keys of `entries` end with so many bytes that tell apart what one group has: who measured, in which environment.
inline constexpr std::size_t subject_tail_bytes = 1 + sizeof(uint64_t);

struct Write {
  Column column;
  std::string key;
  std::optional<std::string> value;  ///< nullopt: delete
};

struct StoreOptions {
  std::chrono::milliseconds wait{0};                       ///< for another writer to end
  std::function<void(const std::string& holder)> on_wait;  ///< told once, when waiting begins
  std::chrono::milliseconds sync_interval{1000};           ///< at most so old are results that a power cut may take
};

/// False ends the visit. The views last for the call.
using Visitor = std::function<bool(std::string_view key, std::string_view value)>;

class Store {
 public:
  /// Opens for reading and writing, creates what is missing; fails where another writer does not end in time.
  static Result<std::unique_ptr<Store>> open(const std::filesystem::path& dir, const StoreOptions& options);

  /// Opens for reading, also while another process writes. Where a writer died while it created the store, the creation
  /// is finished first.
  static Result<std::unique_ptr<Store>> open_read_only(const std::filesystem::path& dir);

  ~Store();

  std::optional<std::string> get(Column column, std::string_view key) const;

  /// Visits the keys from `begin` that start with `prefix`, in order. An error is a damaged file.
  Result<void> scan(Column column, std::string_view prefix, std::string_view begin, const Visitor& visit) const;

  /// Visits the entries of one group: `group` and subject_tail_bytes more, in order. Files whose filters do not know
  /// the group are passed over, so this costs little more than get().
  Result<void> scan_group(std::string_view group, const Visitor& visit) const;

  /// All or nothing. When it returns, the operating system has the data, with `sync` the disk.
  Result<void> write(std::span<const Write> writes, bool sync);

  /// Everything written so far reaches the disk.
  Result<void> sync();

  /// Read-only: sees what has been written since.
  Result<void> refresh();

  /// Reads every file of the database and compares RocksDB's block checksums.
  Result<void> verify_checksums() const;

  uint64_t disk_bytes() const;
  const std::filesystem::path& directory() const;
  bool writable() const;

 private:
  struct Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  static Result<std::unique_ptr<Store>> open_reader_of(const std::filesystem::path& dir);
  std::unique_ptr<Impl> impl_;
};

/// True where a directory holds a knowledge base.
bool holds_store(const std::filesystem::path& dir);

}  // namespace ares::kb
