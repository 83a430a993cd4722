#include "kb/store.hpp"

#include <fmt/format.h>
#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>
#include <stdlib.h>

#include <array>
#include <atomic>
#include <cassert>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "kb/owner.hpp"

namespace ares::kb {
namespace {

namespace fs = std::filesystem;

/// A reader may meet files that the writer is just replacing; it then tries again, this often and this long apart.
constexpr int read_attempts = 20;
constexpr std::chrono::milliseconds read_pause{50};

/// RocksDB compares even empty slices through their pointer.
rocksdb::Slice slice(std::string_view s) { return {s.empty() ? "" : s.data(), s.size()}; }
std::string_view view(const rocksdb::Slice& s) { return {s.data(), s.size()}; }

rocksdb::DBOptions db_options() {
  rocksdb::DBOptions o;
  o.max_open_files = -1;  // a reader keeps the files open that its view consists of, whatever the writer deletes
  o.max_background_jobs = 2;
  o.max_total_wal_size = 64 << 20;
  o.info_log_level = rocksdb::ERROR_LEVEL;
  o.keep_log_file_num = 2;
  o.stats_dump_period_sec = 0;
  o.stats_persist_period_sec = 0;
  return o;
}

/// What the keys of one group's entries share.
class GroupOfKey final : public rocksdb::SliceTransform {
 public:
  const char* Name() const override { return "ares.group"; }
  rocksdb::Slice Transform(const rocksdb::Slice& key) const override {
    return {key.data(), key.size() - subject_tail_bytes};
  }
  bool InDomain(const rocksdb::Slice& key) const override { return key.size() > subject_tail_bytes; }
};

rocksdb::ColumnFamilyOptions column_options(Column column) {
  static const std::shared_ptr<rocksdb::Cache> cache = rocksdb::NewLRUCache(64 << 20);
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  rocksdb::ColumnFamilyOptions o;
  o.write_buffer_size = 16 << 20;
  o.compression = rocksdb::kLZ4Compression;
  o.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  if (column == Column::entries) o.prefix_extractor = std::make_shared<GroupOfKey>();
  return o;
}

std::vector<rocksdb::ColumnFamilyDescriptor> descriptors() {
  std::vector<rocksdb::ColumnFamilyDescriptor> all{{rocksdb::kDefaultColumnFamilyName, column_options(Column::meta)}};
  for (int c = 0; c < column_count; ++c) {
    const auto column = static_cast<Column>(c);
    all.emplace_back(name_of(column), column_options(column));
  }
  return all;
}

tl::unexpected<Error> failure(const fs::path& dir, const char* what, const rocksdb::Status& status) {
  return fail(fmt::format("knowledge base {}: {}: {}", dir.string(), what, status.ToString()));
}

/// A directory for a reader's own files, gone again when this is.
class ScratchDirectory {
 public:
  ScratchDirectory() {
    std::error_code ec;
    const fs::path base = fs::temp_directory_path(ec);
    std::string name = ((ec ? fs::path("/tmp") : base) / "ares-kb-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ~ScratchDirectory() {
    std::error_code ec;
    if (!path_.empty()) fs::remove_all(path_, ec);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

Result<void> prepare_directory(const fs::path& dir) {
  std::error_code ec;
  fs::create_directories(dir, ec);
  if (ec || !fs::is_directory(dir, ec)) {
    return fail(
        fmt::format("knowledge base {}: cannot create the directory: {}; choose another with --kb DIR or ARES_KB",
                    dir.string(), ec ? ec.message() : "not a directory"));
  }
  if (!fs::is_empty(dir, ec) && !fs::exists(dir / "CURRENT", ec) && !fs::exists(dir / "OWNER", ec)) {
    return fail(fmt::format("knowledge base {}: the directory holds something else; choose an empty one with --kb DIR",
                            dir.string()));
  }
  return {};
}

/// A secondary instance can follow the writer; where there is no place for its log, a view of this moment must do.
rocksdb::Status open_reader(const fs::path& dir, const fs::path& scratch,
                            std::vector<rocksdb::ColumnFamilyHandle*>& handles, rocksdb::DB*& db) {
  if (scratch.empty()) return rocksdb::DB::OpenForReadOnly(db_options(), dir.string(), descriptors(), &handles, &db);
  return rocksdb::DB::OpenAsSecondary(db_options(), dir.string(), scratch.string(), descriptors(), &handles, &db);
}

/// True where a writer died while it created the store. Nothing can be recorded in it yet.
bool creation_was_cut_short(const fs::path& dir) {
  std::error_code ec;
  if (!fs::exists(dir / "OWNER", ec)) return false;
  if (!holds_store(dir)) return true;
  std::vector<std::string> present;
  if (!rocksdb::DB::ListColumnFamilies(db_options(), dir.string(), &present).ok()) return false;
  return present.size() < descriptors().size();
}

/// Iterators of one column between two scans: making one costs as much as a lookup. They see the database as it was
/// when they were made, so whoever changes what there is to see calls clear().
class IdleIterators {
 public:
  using Iterator = std::unique_ptr<rocksdb::Iterator>;
  struct Lent {
    Iterator iterator;
    uint64_t age = 0;
  };

  template <class Make>
  Lent lend(Make make) {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        Lent lent{std::move(idle_.back()), age_};
        idle_.pop_back();
        return lent;
      }
    }
    const uint64_t age = age_;  // before it is made: what changes meanwhile makes it old
    return {make(), age};
  }

  void take_back(Lent lent) {
    const std::lock_guard lock(mutex_);
    if (lent.age == age_ && idle_.size() < most) idle_.push_back(std::move(lent.iterator));
  }

  void clear() {
    const std::lock_guard lock(mutex_);
    ++age_;
    idle_.clear();
  }

 private:
  static constexpr std::size_t most = 4;  ///< as many threads rarely ask at once
  std::mutex mutex_;
  std::vector<Iterator> idle_;
  std::atomic<uint64_t> age_{0};
};

}  // namespace

struct Store::Impl {
  fs::path dir;
  std::optional<Owner> owner;
  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;  // the default one first

  mutable std::array<IdleIterators, column_count> idle;
  mutable IdleIterators idle_in_group;

  std::mutex mutex;
  std::condition_variable_any wake;
  bool unsynced = false;
  std::jthread syncer;  // last: it stops before anything it uses goes

  rocksdb::ColumnFamilyHandle* handle(Column c) const { return handles[1 + static_cast<size_t>(c)]; }

  /// Once per interval, brings to the disk what was written without waiting for it.
  void sync_regularly(const std::stop_token& stop, std::chrono::milliseconds interval) {
    std::unique_lock lock(mutex);
    while (wake.wait(lock, stop, [&] { return unsynced; })) {
      wake.wait_for(lock, stop, interval, [] { return false; });
      unsynced = false;
      lock.unlock();
      db->SyncWAL();  // a disk that fails also fails the next write, which reports it
      lock.lock();
    }
  }

  Result<void> scan(IdleIterators& mine, const rocksdb::ReadOptions& options, Column column, std::string_view prefix,
                    std::string_view begin, const Visitor& visit) const {
    auto lent = mine.lend([&] { return IdleIterators::Iterator(db->NewIterator(options, handle(column))); });
    rocksdb::Iterator& it = *lent.iterator;
    for (it.Seek(slice(begin)); it.Valid() && it.key().starts_with(slice(prefix)); it.Next()) {
      if (!visit(view(it.key()), view(it.value()))) break;
    }
    if (!it.status().ok()) return failure(dir, "cannot read", it.status());
    mine.take_back(std::move(lent));
    return {};
  }

  void changed() {
    for (IdleIterators& i : idle) i.clear();
    idle_in_group.clear();
  }

  ~Impl() {
    changed();
    if (syncer.joinable()) {
      syncer.request_stop();
      syncer.join();
      db->SyncWAL();
    }
    for (auto* h : handles) db->DestroyColumnFamilyHandle(h);
  }
};

const char* name_of(Column c) {
  constexpr std::array<const char*, column_count> names{"entries", "plans", "failures", "runs", "trials", "meta"};
  return names[static_cast<size_t>(c)];
}

bool holds_store(const fs::path& dir) {
  std::error_code ec;
  return fs::exists(dir / "CURRENT", ec);
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::~Store() = default;

Result<std::unique_ptr<Store>> Store::open(const fs::path& dir, const StoreOptions& options) {
  if (auto ready = prepare_directory(dir); !ready) return tl::unexpected(ready.error());
  auto owner = Owner::acquire(dir, options.wait, options.on_wait);
  if (!owner) return tl::unexpected(owner.error());

  auto impl = std::make_unique<Impl>();
  impl->dir = dir;
  impl->owner = std::move(*owner);
  rocksdb::DBOptions db = db_options();
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  rocksdb::DB* opened = nullptr;
  const auto status = rocksdb::DB::Open(db, dir.string(), descriptors(), &impl->handles, &opened);
  impl->db.reset(opened);
  if (!status.ok()) return failure(dir, "cannot open it", status);
  impl->syncer = std::jthread([raw = impl.get(), interval = options.sync_interval](const std::stop_token& stop) {
    raw->sync_regularly(stop, interval);
  });
  return std::unique_ptr<Store>(new Store(std::move(impl)));
}

Result<std::unique_ptr<Store>> Store::open_reader_of(const fs::path& dir) {
  std::error_code ec;
  if (!holds_store(dir) && !fs::exists(dir / "OWNER", ec)) {
    return fail(fmt::format("knowledge base {}: there is none", dir.string()));
  }
  auto impl = std::make_unique<Impl>();
  impl->dir = dir;
  // Only RocksDB's log lies there, and it goes on being written without a name.
  const ScratchDirectory scratch;
  rocksdb::Status status;
  for (int attempt = 0; attempt < read_attempts; ++attempt) {
    if (attempt) std::this_thread::sleep_for(read_pause);
    rocksdb::DB* opened = nullptr;
    status = open_reader(dir, scratch.path(), impl->handles, opened);
    impl->db.reset(opened);
    if (status.ok()) return std::unique_ptr<Store>(new Store(std::move(impl)));
  }
  return failure(dir, "cannot open it for reading", status);
}

Result<std::unique_ptr<Store>> Store::open_read_only(const fs::path& dir) {
  auto store = open_reader_of(dir);
  if (store || !creation_was_cut_short(dir)) return store;
  if (const auto finished = open(dir, {}); !finished) return store;
  return open_reader_of(dir);
}

std::optional<std::string> Store::get(Column column, std::string_view key) const {
  std::string value;
  const auto status = impl_->db->Get({}, impl_->handle(column), slice(key), &value);
  if (!status.ok()) return std::nullopt;
  return value;
}

Result<void> Store::scan(Column column, std::string_view prefix, std::string_view begin, const Visitor& visit) const {
  rocksdb::ReadOptions options;
  options.total_order_seek = true;
  return impl_->scan(impl_->idle[static_cast<size_t>(column)], options, column, prefix, begin, visit);
}

Result<void> Store::scan_group(std::string_view group, const Visitor& visit) const {
  rocksdb::ReadOptions options;
  options.prefix_same_as_start = true;
  const std::string first = std::string(group) + std::string(subject_tail_bytes, '\0');
  return impl_->scan(impl_->idle_in_group, options, Column::entries, group, first, visit);
}

Result<void> Store::write(std::span<const Write> writes, bool sync) {
  assert(writable());
  rocksdb::WriteBatch batch;
  for (const Write& w : writes) {
    const auto status =
        w.value ? batch.Put(impl_->handle(w.column), w.key, *w.value) : batch.Delete(impl_->handle(w.column), w.key);
    if (!status.ok()) return failure(impl_->dir, "cannot write", status);
  }
  rocksdb::WriteOptions options;
  options.sync = sync;
  const auto status = impl_->db->Write(options, &batch);
  impl_->changed();
  if (!status.ok()) return failure(impl_->dir, "cannot write", status);
  if (!sync) {
    const std::lock_guard lock(impl_->mutex);
    impl_->unsynced = true;
    impl_->wake.notify_one();
  }
  return {};
}

Result<void> Store::sync() {
  if (const auto status = impl_->db->SyncWAL(); !status.ok()) return failure(impl_->dir, "cannot write", status);
  return {};
}

Result<void> Store::refresh() {
  if (writable()) return {};
  const auto status = impl_->db->TryCatchUpWithPrimary();
  impl_->changed();
  if (!status.ok()) return failure(impl_->dir, "cannot follow its writer", status);
  return {};
}

Result<void> Store::verify_checksums() const {
  if (const auto status = impl_->db->VerifyChecksum(); !status.ok()) return failure(impl_->dir, "damaged", status);
  return {};
}

uint64_t Store::disk_bytes() const {
  uint64_t bytes = 0;
  std::error_code ec;
  for (const auto& file : fs::directory_iterator(impl_->dir, ec)) {
    const auto size = file.file_size(ec);
    if (!ec) bytes += size;
  }
  return bytes;
}

const fs::path& Store::directory() const { return impl_->dir; }
bool Store::writable() const { return impl_->owner.has_value(); }

}  // namespace ares::kb
