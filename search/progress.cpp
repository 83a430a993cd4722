#include "search/progress.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

#include "core/base/text_table.hpp"

namespace ares {
namespace {

constexpr std::chrono::milliseconds terminal_interval{100};
constexpr std::chrono::seconds plain_interval{5};
/// A rewritten line must not wrap, or it cannot be erased.
constexpr std::size_t terminal_width = 79;

std::string number(std::size_t n) { return grouped(static_cast<double>(n)); }

}  // namespace

Progress::Progress(std::ostream& stream, bool terminal, const TunerOptions& options)
    : stream_(stream), terminal_(terminal), options_(options), next_(Clock::now() + plain_interval) {}

TunerObserver Progress::observer() {
  TunerObserver o;
  o.preparing = [this](const TuningTask& t) {
    current_ = "listing " + t.name;
    status(true);
  };
  o.prepared = [this](const TuningTask& t) {
    line(fmt::format("{}: {} of {} configs are feasible; the model expects {} cycles of the rule, {} of its best",
                     t.name, grouped(static_cast<double>(t.candidates.census.feasible)),
                     grouped(static_cast<double>(t.candidates.census.raw)), grouped(t.rule.cycles),
                     grouped(t.model_best.cycles)));
  };
  o.measured = [this](const TuningTask& t, std::span<const ConfigCycles>) {
    if (measuring_since_ < 0) measuring_since_ = tuner_->seconds();
    current_ = fmt::format("{} {}", t.name, t.state.best ? grouped(t.state.best->cycles) : "-");
    status();
  };
  o.improved = [this](const TuningTask& t) {
    if (!terminal_)
      line(fmt::format("{}: {} cycles after {} measurements, {}", t.name, grouped(t.state.best->cycles),
                       number(t.state.evaluations), to_string(t.state.best->config)));
  };
  o.settled = [this](const TuningTask& t) {
    line(fmt::format("{}: settled ({}) at {} cycles after {} measurements", t.name, name_of(*t.state.settled),
                     t.state.best ? grouped(t.state.best->cycles) : "-", number(t.state.evaluations)));
  };
  return o;
}

void Progress::line(const std::string& text) {
  end();
  stream_ << text << std::endl;
  if (terminal_) status(true);
}

void Progress::status(bool now) {
  const auto time = Clock::now();
  if (!terminal_ && (now || time < next_)) return;
  if (terminal_ && !now && time < next_) return;
  if (terminal_) {
    next_ = time + terminal_interval;
    stream_ << "\r\033[K" << status_text().substr(0, terminal_width) << std::flush;
    shown_ = true;
  } else {
    next_ = time + plain_interval;
    stream_ << status_text() << std::endl;
  }
}

void Progress::end() {
  if (shown_) stream_ << "\r\033[K" << std::flush;
  shown_ = false;
}

std::string Progress::status_text() const {
  const auto& tasks = tuner_->tasks();
  const auto open = std::count_if(tasks.begin(), tasks.end(), [](const TuningTask& t) { return t.open(); });
  return fmt::format("[{}] {} | {} measured | {} of {} groups done | {}", duration_text(tuner_->seconds()), current_,
                     number(tuner_->measurements()), tasks.size() - static_cast<std::size_t>(open), tasks.size(),
                     time_left());
}

std::string Progress::time_left() const {
  const double used = tuner_->seconds();
  double left = std::max(0.0, options_.budget_seconds - used);
  const auto& tasks = tuner_->tasks();
  const bool countable =
      std::all_of(tasks.begin(), tasks.end(), [](const TuningTask& t) { return !t.open() || t.exhaustible; });
  const double spent = measuring_since_ < 0 ? 0 : used - measuring_since_;
  if (spent < 0.2 || tuner_->measurements() == 0) return fmt::format("at most {} left", duration_text(left));
  const double each = spent / static_cast<double>(tuner_->measurements());
  if (options_.max_evals) {
    const std::size_t measured = std::min(*options_.max_evals, tuner_->measurements());
    left = std::min(left, each * static_cast<double>(*options_.max_evals - measured));
  }
  if (!countable) return fmt::format("at most {} left", duration_text(left));
  left = std::min(left, each * static_cast<double>(tuner_->left_to_exhaust()));
  return fmt::format("about {} left", duration_text(left));
}

}  // namespace ares
