// KnowledgeBase: what was measured, remembered over runs, models and shapes.
//
// A tuner opens it for writing and records every report the moment it has it; compilers and people open it for reading
// beside. Results are kept per subject (signature, source, environment), so nothing of different sources or
// environments ever mixes. What does not decode is a miss and counted.
//
//   writer: open -> record.. -> settle | the next run: measured() and Entry::cursor to go on
//   reader: open_read_only -> exact | nearest (choose.hpp does both and checks what it applies)
//
// Functions may be called from several threads at once.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "kb/family_index.hpp"
#include "kb/record.hpp"
#include "kb/store.hpp"

namespace ares::kb {

struct OpenOptions {
  StoreOptions store;
  bool keep_trials = false;  ///< keep the trial list of settled subjects too
};

struct Neighbour {
  Entry entry;
  double distance = 0;  ///< log_distance
};

struct NearestOptions {
  double tolerance = 2;  ///< largest log_distance
  size_t count = 4;      ///< at most so many neighbours
};

class KnowledgeBase {
 public:
  /// Opens for reading and writing and creates what is missing. Fails, in one line, where the directory cannot be
  /// written or another process writes and does not end within options.store.wait.
  static Result<KnowledgeBase> open(const std::filesystem::path& dir, const OpenOptions& options = {});

  /// Opens for reading, also beside a writer. Fails where there is none.
  static Result<KnowledgeBase> open_read_only(const std::filesystem::path& dir);

  // Writing.

  /// Records one report. When it returns, the results survive the death of the process; those of boards and GVSOC,
  /// which took long to get, a power cut too. `cursor`: replaces the strategy's note in the same step.
  Result<void> record(const Subject& subject, const Provenance& provenance, std::span<const Trial> trials,
                      std::optional<std::string> cursor = std::nullopt);

  /// Marks a subject as done; drops its trial list unless it is to be kept for a later run with more patience.
  Result<void> settle(const Subject& subject, const Settled& settled, bool drop_trials = true);

  /// Keeps the plan with the fewer warm cycles, of this one and the one known.
  Result<void> record(const PlanEntry& plan);

  /// A run at its start, and again with what it has become at its end.
  Result<void> record(const Run& run);

  /// Takes over what another knowledge base knows. Doing it twice changes nothing.
  Result<void> merge(const Entry& entry);
  Result<void> merge(const Failure& failure);

  /// Forgets a subject: entry, trials, failures.
  Result<void> erase(const Subject& subject);

  /// Removes what does not decode; how many records that were.
  Result<uint64_t> erase_unreadable();

  /// Everything recorded is on the disk when it returns.
  Result<void> sync() { return store_->sync(); }

  // Questions.

  std::optional<Entry> find(const Subject& subject) const;

  /// The entry of this very signature whose source is trusted most, among those of the current environment with
  /// results.
  std::optional<Entry> exact(const Signature& signature, const CurrentEnvironment& current) const;

  /// Every entry of a signature: all sources, all environments; the most trusted source first.
  std::vector<Entry> all(const Signature& signature) const;

  /// Entries that differ from the signature in dimensions only, the nearest first, one per signature (chosen as exact()
  /// does). The signature's own entry is none of them. `current` nullptr: of any environment, the newest of a source;
  /// such are candidates to measure, not to apply.
  std::vector<Neighbour> nearest(const Signature& signature, const NearestOptions& options,
                                 const CurrentEnvironment* current) const;

  /// Every config measured so far, in the order it was told. Of settled subjects only if trials are kept.
  std::vector<std::pair<Config, double>> measured(const Subject& subject) const;

  std::vector<Failure> failures(const Subject& subject) const;

  /// The plan of the most trusted source of the current environment; source and environment of `subject` do not matter.
  std::optional<PlanEntry> plan(const PlanSubject& subject, const CurrentEnvironment& current) const;

  // Everything, in the order of the keys; the visitor returns false to stop. An error is a damaged file.
  Result<void> for_each(const std::function<bool(const Entry&)>& visit) const;
  Result<void> for_each(const std::function<bool(const Failure&)>& visit) const;
  Result<void> for_each(const std::function<bool(const PlanEntry&)>& visit) const;
  Result<void> for_each(const std::function<bool(const Run&)>& visit) const;

  /// Looks at every byte: files, keys, values. One line per damage; empty: sound.
  std::vector<std::string> verify() const;

  /// Read-only: sees what a writer has recorded since.
  Result<void> refresh();

  /// Values met so far that did not decode.
  uint64_t misses() const { return misses_->load(); }

  const Store& store() const { return *store_; }

 private:
  KnowledgeBase(std::unique_ptr<Store> store, bool keep_trials);
  Result<void> update(const Subject& subject, const std::function<void(Entry&)>& change, std::vector<Write> writes,
                      bool sync);
  std::optional<Entry> decoded(std::string_view key, std::string_view value) const;

  std::unique_ptr<Store> store_;
  std::unique_ptr<FamilyIndex> families_;
  bool keep_trials_ = false;
  std::unique_ptr<std::mutex> writing_;  ///< reading, changing and writing back an entry is one step
  std::unique_ptr<std::atomic<uint64_t>> misses_;
};

}  // namespace ares::kb
