// Measures candidates of any layers on a simulator: builds programs of many candidates each, runs several side by side,
// checks every output byte, and says what became of each candidate.
#pragma once

#include <atomic>
#include <filesystem>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cost_models/gvsoc/batch_program.hpp"
#include "cost_models/gvsoc/simulator.hpp"

namespace ares::gvsoc {

enum class FailureClass : uint8_t { does_not_fit, build_failed, wrong_output, timeout, crashed };

struct Failure {
  FailureClass kind = FailureClass::crashed;
  std::string message;  ///< one line
};

struct Outcome {
  double cycles = std::numeric_limits<double>::infinity();  ///< of the second run
  double cold_cycles = 0;                                   ///< of the first, with empty instruction caches
  double compute = 0, load = 0, store = 0;                  ///< parts of `cycles`, with RunnerOptions::parts
  std::optional<Failure> failure;
};

/// Where the seconds of a run went, summed over programs; wall clock of each.
struct RunnerTimes {
  double generate = 0, build = 0, simulate = 0;
  size_t programs = 0, candidates = 0;
};

struct RunnerOptions {
  size_t per_program = 16;         ///< candidates
  std::string optimise = "-O2";    ///< of the candidates and of the runtime
  bool parts = false;              ///< measure what kernels, loads and stores take; costs some cycles itself
  double seconds_to_begin = 60;    ///< allowed on top of what the candidates are expected to take
  double cycles_per_second = 5e4;  ///< a program that is slower than this hangs
};

class BatchRunner {
 public:
  /// `target` outlives the runner.
  BatchRunner(Simulator simulator, const Target& target, RunnerOptions options = {});
  ~BatchRunner();
  BatchRunner(const BatchRunner&) = delete;
  BatchRunner& operator=(const BatchRunner&) = delete;

  /// Runs a program without candidates: the machine's properties, or why it does not work.
  Result<std::map<std::string, std::string>> probe();

  /// outcomes[i] of candidates[i]. Programs run in parallel in the current TBB arena; which candidates share one does
  /// not depend on that. Returns early once `stop` is true; candidates without a result have then no failure either.
  std::vector<Outcome> run(std::span<const MeasuredLayer> layers, std::span<const BatchCandidate> candidates,
                           const std::atomic<bool>& stop);

  const Simulator& simulator() const { return simulator_; }
  RunnerTimes times() const;

 private:
  struct Job;
  Result<std::filesystem::path> template_of(const BatchClass& c);
  Result<std::filesystem::path> acquire(const BatchClass& c);
  void release(const BatchClass& c, const std::filesystem::path& directory);
  void run(const Job& job, std::vector<size_t> numbers, std::vector<Outcome>& outcomes);
  std::optional<std::string> build(const Job& job, const std::vector<size_t>& numbers,
                                   const std::filesystem::path& directory);

  Simulator simulator_;
  const Target& target_;
  RunnerOptions options_;
  std::filesystem::path cache_, scratch_;
  mutable std::mutex mutex_, templates_mutex_;
  std::map<BatchClass, std::vector<std::filesystem::path>> free_;
  size_t directories_ = 0;
  RunnerTimes times_;
};

}  // namespace ares::gvsoc
