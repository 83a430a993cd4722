#include "kb/knowledge_base.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "kb/codec.hpp"
#include "kb/entry.hpp"

namespace ares::kb {
namespace {

/// Of the whole database; raised when an older program must not touch it.
constexpr std::string_view format_key = "format";
constexpr std::string_view format_value = "2";

int64_t seconds_now() {
  using namespace std::chrono;
  return duration_cast<seconds>(system_clock::now().time_since_epoch()).count();
}

/// Keys of trial lists sort by the time they were told.
std::string trial_list_key(const std::string& subject_key) {
  static std::atomic<uint64_t> last{0};
  const auto now =
      static_cast<uint64_t>(std::chrono::system_clock::now().time_since_epoch() / std::chrono::nanoseconds(1));
  uint64_t previous = last.load(), stamp = 0;
  do {
    stamp = std::max(now, previous + 1);
  } while (!last.compare_exchange_weak(previous, stamp));
  std::string key = subject_key;
  for (int shift = 56; shift >= 0; shift -= 8) key.push_back(static_cast<char>(stamp >> shift));
  return key;
}

Result<void> check_format(const Store& store) {
  const auto found = store.get(Column::meta, format_key);
  if (!found || *found == format_value) return {};
  return fail(
      fmt::format("knowledge base {}: it has format {}, this program reads {}; export it with the program that "
                  "wrote it and import the text into a new one",
                  store.directory().string(), *found, format_value));
}

bool slow_to_measure(Source s) { return s != Source::event; }

bool sound(const Trial& t) {
  return t.failure || (std::isfinite(t.cycles) && t.cycles > 0 && std::isfinite(t.cold_cycles) && t.cold_cycles >= 0);
}

}  // namespace

KnowledgeBase::KnowledgeBase(std::unique_ptr<Store> store, bool keep_trials)
    : store_(std::move(store)),
      families_(std::make_unique<FamilyIndex>()),
      keep_trials_(keep_trials),
      writing_(std::make_unique<std::mutex>()),
      misses_(std::make_unique<std::atomic<uint64_t>>(0)) {}

Result<KnowledgeBase> KnowledgeBase::open(const std::filesystem::path& dir, const OpenOptions& options) {
  auto store = Store::open(dir, options.store);
  if (!store) return tl::unexpected(store.error());
  if (auto ok = check_format(**store); !ok) return tl::unexpected(ok.error());
  if (!(*store)->get(Column::meta, format_key)) {
    const Write mark{Column::meta, std::string(format_key), std::string(format_value)};
    if (auto ok = (*store)->write({&mark, 1}, true); !ok) return tl::unexpected(ok.error());
  }
  return KnowledgeBase(std::move(*store), options.keep_trials);
}

Result<KnowledgeBase> KnowledgeBase::open_read_only(const std::filesystem::path& dir) {
  auto store = Store::open_read_only(dir);
  if (!store) return tl::unexpected(store.error());
  if (auto ok = check_format(**store); !ok) return tl::unexpected(ok.error());
  return KnowledgeBase(std::move(*store), false);
}

Result<void> KnowledgeBase::refresh() {
  families_->clear();
  return store_->refresh();
}

std::optional<Entry> KnowledgeBase::decoded(std::string_view key, std::string_view value) const {
  auto entry = decode_entry(key, value);
  if (!entry) ++*misses_;
  return entry;
}

std::optional<Entry> KnowledgeBase::find(const Subject& subject) const {
  const std::string key = key_of(subject);
  const auto value = store_->get(Column::entries, key);
  return value ? decoded(key, *value) : std::nullopt;
}

/// Changes the subject's entry, new or known, and writes it together with `writes`.
Result<void> KnowledgeBase::update(const Subject& subject, const std::function<void(Entry&)>& change,
                                   std::vector<Write> writes, bool sync) {
  Entry entry = find(subject).value_or(Entry{subject, {}, 0, 0, {}, {}});
  change(entry);
  std::string key = key_of(subject);
  std::string value = encode(key, entry);
  writes.push_back({Column::entries, std::move(key), std::move(value)});
  if (auto ok = store_->write(writes, sync); !ok) return ok;
  families_->added(key_of(subject.signature));
  return {};
}

Result<void> KnowledgeBase::record(const Subject& subject, const Provenance& provenance, std::span<const Trial> trials,
                                   std::optional<std::string> cursor) {
  Provenance origin = provenance;
  if (origin.time == 0) origin.time = seconds_now();
  if (!std::all_of(trials.begin(), trials.end(), sound)) {
    return fail(fmt::format("knowledge base: a result of {} has neither cycles nor a failure", origin.layer));
  }
  std::vector<Write> writes;
  TrialList list;
  for (const Trial& t : trials) {
    if (t.failure) {
      const Failure f{subject, t.config, *t.failure, origin};
      std::string key = key_of(f);
      std::string value = encode(key, f);
      writes.push_back({Column::failures, std::move(key), std::move(value)});
    } else {
      list.emplace_back(t.config, t.cycles);
    }
  }
  const std::lock_guard lock(*writing_);
  if (!list.empty()) {
    std::string key = trial_list_key(key_of(subject));
    std::string value = encode(key, list);
    writes.push_back({Column::trials, std::move(key), std::move(value)});
  }
  const auto take_in = [&](Entry& e) {
    for (const Trial& t : trials) {
      if (!t.failure) add_result(e, {t.config, t.cycles, t.cold_cycles, t.rule, t.model_best, origin, t.sliced});
    }
    e.evaluations += list.size();
    if (cursor) e.cursor = std::move(*cursor);
  };
  return update(subject, take_in, std::move(writes), slow_to_measure(subject.source));
}

Result<void> KnowledgeBase::settle(const Subject& subject, const Settled& settled, bool drop_trials) {
  const std::lock_guard lock(*writing_);
  std::vector<Write> writes;
  if (drop_trials && !keep_trials_) {
    const std::string prefix = key_of(subject);
    const auto visited = store_->scan(Column::trials, prefix, prefix, [&](std::string_view key, std::string_view) {
      writes.push_back({Column::trials, std::string(key), std::nullopt});
      return true;
    });
    if (!visited) return tl::unexpected(visited.error());
  }
  const auto mark = [&](Entry& e) {
    e.settled = settled;
    if (e.settled->time == 0) e.settled->time = seconds_now();
  };
  return update(subject, mark, std::move(writes), slow_to_measure(subject.source));
}

Result<void> KnowledgeBase::record(const PlanEntry& plan) {
  const std::lock_guard lock(*writing_);
  const std::string key = key_of(plan.subject);
  if (const auto value = store_->get(Column::plans, key)) {
    const auto known = decode_plan(key, *value);
    if (!known) ++*misses_;
    if (known && known->cycles <= plan.cycles) return {};
  }
  PlanEntry kept = plan;
  if (kept.provenance.time == 0) kept.provenance.time = seconds_now();
  const Write write{Column::plans, key, encode(key, kept)};
  return store_->write({&write, 1}, true);
}

Result<void> KnowledgeBase::record(const Run& run) {
  const Write write{Column::runs, run.id, encode(run.id, run)};
  return store_->write({&write, 1}, false);
}

Result<void> KnowledgeBase::merge(const Entry& entry) {
  const std::lock_guard lock(*writing_);
  return update(
      entry.subject, [&](Entry& e) { merge_into(e, entry); }, {}, false);
}

Result<void> KnowledgeBase::merge(const Failure& failure) {
  const std::lock_guard lock(*writing_);
  const std::string key = key_of(failure);
  if (const auto value = store_->get(Column::failures, key); value && decode_failure(key, *value)) return {};
  const Write write{Column::failures, key, encode(key, failure)};
  return store_->write({&write, 1}, false);
}

Result<void> KnowledgeBase::erase(const Subject& subject) {
  const std::lock_guard lock(*writing_);
  families_->clear();
  std::vector<Write> writes;
  const std::string prefix = key_of(subject);
  for (Column c : {Column::entries, Column::trials, Column::failures}) {
    const auto visited = store_->scan(c, prefix, prefix, [&](std::string_view key, std::string_view) {
      writes.push_back({c, std::string(key), std::nullopt});
      return true;
    });
    if (!visited) return tl::unexpected(visited.error());
  }
  return store_->write(writes, true);
}

Result<uint64_t> KnowledgeBase::erase_unreadable() {
  const std::lock_guard lock(*writing_);
  families_->clear();
  std::vector<Write> writes;
  const auto look = [&](Column column, auto decode) {
    return store_->scan(column, {}, {}, [&](std::string_view key, std::string_view value) {
      if (!decode(key, value)) writes.push_back({column, std::string(key), std::nullopt});
      return true;
    });
  };
  for (const auto& scanned :
       {look(Column::entries, decode_entry), look(Column::failures, decode_failure), look(Column::plans, decode_plan),
        look(Column::runs, decode_run), look(Column::trials, decode_trials)}) {
    if (!scanned) return tl::unexpected(scanned.error());
  }
  if (auto ok = store_->write(writes, true); !ok) return tl::unexpected(ok.error());
  return writes.size();
}

std::vector<std::pair<Config, double>> KnowledgeBase::measured(const Subject& subject) const {
  std::vector<std::pair<Config, double>> all;
  const std::string prefix = key_of(subject);
  (void)store_->scan(Column::trials, prefix, prefix, [&](std::string_view key, std::string_view value) {
    const auto list = decode_trials(key, value);
    if (!list) ++*misses_;
    if (list) all.insert(all.end(), list->begin(), list->end());
    return true;
  });
  const auto entry = find(subject);
  if (!entry) return all;
  // Taken over from elsewhere: results without a trial list.
  const size_t told = all.size();
  for (const Measured& m : entry->results) {
    const auto same = [&](const auto& t) { return t.first == m.config; };
    if (std::none_of(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(told), same)) {
      all.emplace_back(m.config, m.cycles);
    }
  }
  return all;
}

std::vector<Failure> KnowledgeBase::failures(const Subject& subject) const {
  std::vector<Failure> all;
  const std::string prefix = key_of(subject);
  (void)store_->scan(Column::failures, prefix, prefix, [&](std::string_view key, std::string_view value) {
    auto f = decode_failure(key, value);
    if (!f) ++*misses_;
    if (f) all.push_back(std::move(*f));
    return true;
  });
  return all;
}

}  // namespace ares::kb
