#include "cost_models/gvsoc/batch_runner.hpp"

#include <fmt/format.h>
#include <tbb/parallel_for.h>

#include <algorithm>
#include <chrono>
#include <functional>

#include "core/lower/lower.hpp"
#include "cost_models/event.hpp"
#include "cost_models/gvsoc/batch_log.hpp"
#include "cost_models/gvsoc/process.hpp"
#include "cost_models/gvsoc/project_directory.hpp"

namespace ares::gvsoc {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) { return std::chrono::duration<double>(Clock::now() - begin).count(); }

/// Both runs, and half as much again for operands, poison and check.
constexpr double runs_of_a_candidate = 3;
constexpr double build_seconds = 600;

/// The user's cache directory, or the system's one for temporary files.
fs::path cache_directory() {
  if (const char* cache = std::getenv("XDG_CACHE_HOME"); cache && *cache) return fs::path(cache) / "ares" / "measure";
  if (const char* home = std::getenv("HOME"); home && *home) return fs::path(home) / ".cache" / "ares" / "measure";
  return fs::temp_directory_path() / "ares-measure";
}

/// The candidates of the program before.
void remove_groups(const fs::path& directory, const std::string& platform) {
  std::error_code ignored;
  for (const fs::path& place : {directory / "src", directory / "build" / platform / "src"}) {
    std::vector<fs::path> old;
    for (const auto& entry : fs::directory_iterator(place, ignored))
      if (entry.path().filename().string().starts_with("group_")) old.push_back(entry.path());
    for (const fs::path& path : old) fs::remove(path, ignored);
  }
}

Outcome failed(FailureClass kind, std::string message) {
  Outcome o;
  o.failure = Failure{kind, std::move(message)};
  return o;
}

Outcome outcome_of(const CandidateLine& line) {
  if (line.wrong > 0)
    return failed(FailureClass::wrong_output,
                  fmt::format("{} bytes of two runs differ, first byte {}: {} where {} is right", line.wrong,
                              line.first, line.got, line.want));
  Outcome o;
  o.cycles = static_cast<double>(line.warm);
  o.cold_cycles = static_cast<double>(line.cold);
  o.compute = static_cast<double>(line.compute);
  o.load = static_cast<double>(line.load);
  o.store = static_cast<double>(line.store);
  return o;
}

}  // namespace

/// Candidates that may share programs.
struct BatchRunner::Job {
  std::span<const MeasuredLayer> layers;
  std::span<const BatchCandidate> candidates;
  const std::atomic<bool>& stop;
  BatchClass shared;
  std::vector<double> expected_cycles;  ///< per candidate
};

BatchRunner::BatchRunner(Simulator simulator, const Target& target, RunnerOptions options)
    : simulator_(std::move(simulator)),
      target_(target),
      options_(std::move(options)),
      cache_(cache_directory()),
      scratch_(make_scratch()) {
  if (options_.parts) options_.optimise += " -DENABLE_PERF";
}

BatchRunner::~BatchRunner() {
  std::error_code ignored;
  fs::remove_all(scratch_, ignored);
}

RunnerTimes BatchRunner::times() const {
  const std::lock_guard lock(mutex_);
  return times_;
}

/// A built project of the class without candidates, in the cache under a hash over its files.
Result<fs::path> BatchRunner::template_of(const BatchClass& c) {
  const std::lock_guard lock(templates_mutex_);
  std::vector<ProjectFile> files = class_files(c);
  const auto none = batch_files({}, {}, {}, target_);
  if (!none) return tl::unexpected<Error>(none.error());
  files.insert(files.end(), none->begin(), none->end());
  std::string all = options_.optimise + c.platform;
  for (const ProjectFile& f : files) all += f.path.string() + '\n' + f.text + '\n';
  const fs::path place = cache_ / fmt::format("{}-{:016x}", c.platform, std::hash<std::string>{}(all));
  std::error_code error;
  if (fs::exists(place / "build", error)) return place;

  const fs::path fresh = scratch_ / "template";
  fs::remove_all(fresh, error);
  if (const auto ok = write_files(fresh, files); !ok) return tl::unexpected<Error>(ok.error());
  const std::atomic<bool> never{false};
  const auto built = run_process(make_command(fresh, "-j2 all", simulator_, options_.optimise), build_seconds, never);
  if (built.status != 0)
    return fail(fmt::format("building the runtime for {} failed: {}", c.platform, error_line(built.text)));
  fs::create_directories(cache_, error);
  fs::rename(fresh, place, error);
  if (!error) return place;
  // Another file system, or another process was first: a copy that is complete before it has its name.
  const fs::path copy = place.string() + fmt::format(".{}", getpid());
  const auto copied = run_process({"cp", "-a", fresh.string(), copy.string()}, build_seconds, never);
  if (copied.status != 0) return fail(fmt::format("{}: cannot be written: {}", copy.string(), error_line(copied.text)));
  fs::rename(copy, place, error);
  if (error) fs::remove_all(copy, error);
  return place;
}

Result<fs::path> BatchRunner::acquire(const BatchClass& c) {
  fs::path directory;
  {
    const std::lock_guard lock(mutex_);
    auto& free = free_[c];
    if (!free.empty()) {
      directory = free.back();
      free.pop_back();
      return directory;
    }
    directory = scratch_ / fmt::format("{}", directories_++);
  }
  const auto from = template_of(c);
  if (!from) return from;
  const std::atomic<bool> never{false};
  const auto copied = run_process({"cp", "-a", from->string(), directory.string()}, build_seconds, never);
  if (copied.status != 0)
    return fail(fmt::format("{}: cannot be written: {}", directory.string(), error_line(copied.text)));
  return directory;
}

void BatchRunner::release(const BatchClass& c, const fs::path& directory) {
  const std::lock_guard lock(mutex_);
  free_[c].push_back(directory);
}

Result<std::map<std::string, std::string>> BatchRunner::probe() {
  BatchClass c;
  c.platform = simulator_.platform;
  c.cores = target_.cores.count;
  c.stack = target_.default_stack;
  c.l1_bytes = target_.l1_bytes;
  c.l2_bytes = target_.l2_bytes;
  const auto directory = acquire(c);
  if (!directory) return tl::unexpected<Error>(directory.error());
  const std::atomic<bool> never{false};
  const auto ran =
      run_process(make_command(*directory, "run", simulator_, options_.optimise), options_.seconds_to_begin, never);
  release(c, *directory);
  const BatchLog log = parse_batch_log(ran.text);
  if (log.started && log.ended && ran.status == 0) return log.properties;
  return fail(fmt::format("{}: a program without candidates does not run{}: {}", describe(simulator_),
                          ran.timed_out ? " to its end" : "", error_line(ran.text)));
}

/// Nothing, or why it cannot be built.
std::optional<std::string> BatchRunner::build(const Job& job, const std::vector<size_t>& numbers,
                                              const fs::path& directory) {
  const auto begin = Clock::now();
  std::vector<BatchCandidate> candidates;
  for (const size_t n : numbers) candidates.push_back(job.candidates[n]);
  remove_groups(directory, job.shared.platform);
  const auto files = batch_files(job.layers, candidates, numbers, target_);
  if (!files) return files.error().what;
  if (const auto ok = write_files(directory, *files); !ok) return ok.error().what;
  const double generated = seconds_since(begin);
  const auto built =
      run_process(make_command(directory, "all", simulator_, options_.optimise), build_seconds, job.stop);
  const std::lock_guard lock(mutex_);
  times_.generate += generated;
  times_.build += seconds_since(begin) - generated;
  if (built.status == 0 || built.stopped) return std::nullopt;
  return error_line(built.text);
}

void BatchRunner::run(const Job& job, std::vector<size_t> numbers, std::vector<Outcome>& outcomes) {
  const auto all = [&](FailureClass kind, const std::string& message) {
    for (const size_t n : numbers) outcomes[n] = failed(kind, message);
  };
  while (!numbers.empty() && !job.stop) {
    const auto directory = acquire(job.shared);
    if (!directory) return all(FailureClass::build_failed, directory.error().what);
    if (const auto why = build(job, numbers, *directory)) {
      release(job.shared, *directory);
      if (numbers.size() == 1) return all(FailureClass::build_failed, *why);
      const auto middle = numbers.begin() + static_cast<std::ptrdiff_t>(numbers.size() / 2);
      run(job, {numbers.begin(), middle}, outcomes);
      return run(job, {middle, numbers.end()}, outcomes);
    }
    double cycles = 0;
    for (const size_t n : numbers) cycles += runs_of_a_candidate * job.expected_cycles[n];
    const auto begin = Clock::now();
    const auto ran = run_process(make_command(*directory, "run", simulator_, options_.optimise),
                                 options_.seconds_to_begin + cycles / options_.cycles_per_second, job.stop);
    release(job.shared, *directory);
    if (job.stop) return;
    const BatchLog log = parse_batch_log(ran.text);
    {
      const std::lock_guard lock(mutex_);
      times_.simulate += seconds_since(begin);
      ++times_.programs;
      times_.candidates += log.results.size();
    }
    for (const auto& [n, line] : log.results)
      if (n < outcomes.size()) outcomes[n] = outcome_of(line);
    std::erase_if(numbers, [&](size_t n) { return log.results.contains(n); });
    if (numbers.empty()) return;
    // On a busy machine time runs out where nothing hangs: what got results goes on behind them.
    if (ran.timed_out && !log.results.empty()) continue;
    // One candidate ended the program; those behind it get another.
    const size_t guilty = log.running.value_or(numbers.front());
    outcomes[guilty] = ran.timed_out ? failed(FailureClass::timeout, "it does not end")
                                     : failed(FailureClass::crashed, log.died.value_or(error_line(ran.text)));
    if (std::erase(numbers, guilty) == 0) return all(FailureClass::crashed, "the log names other candidates");
  }
}

std::vector<Outcome> BatchRunner::run(std::span<const MeasuredLayer> layers, std::span<const BatchCandidate> candidates,
                                      const std::atomic<bool>& stop) {
  std::vector<Outcome> outcomes(candidates.size());
  std::vector<double> expected(candidates.size());
  std::map<BatchClass, std::vector<size_t>> classes;
  for (size_t i = 0; i < candidates.size(); ++i) {
    const MeasuredLayer& m = layers[candidates[i].layer];
    const auto program = lower(m.group.shape, candidates[i].config, m.context);
    if (!program) {
      outcomes[i] = failed(FailureClass::does_not_fit, to_string(program.error()));
      continue;
    }
    if (const uint64_t bytes = operand_bytes(m), room = target_.l2_bytes - target_.l2_reserved; bytes > room) {
      outcomes[i] = failed(FailureClass::does_not_fit,
                           fmt::format("the operands take {} bytes, L2 has {} beside the program", bytes, room));
      continue;
    }
    expected[i] = play(*program, target_).cycles;
    classes[batch_class(m, *program, target_, simulator_.platform)].push_back(i);
  }
  struct Part {
    const BatchClass* shared;
    std::vector<size_t> numbers;
  };
  std::vector<Part> parts;
  for (const auto& [shared, numbers] : classes)
    for (size_t at = 0; at < numbers.size(); at += options_.per_program) {
      const size_t end = std::min(at + options_.per_program, numbers.size());
      parts.push_back(
          {&shared,
           {numbers.begin() + static_cast<std::ptrdiff_t>(at), numbers.begin() + static_cast<std::ptrdiff_t>(end)}});
    }
  tbb::parallel_for(size_t{0}, parts.size(), [&](size_t p) {
    run(Job{layers, candidates, stop, *parts[p].shared, expected}, parts[p].numbers, outcomes);
  });
  return outcomes;
}

}  // namespace ares::gvsoc
