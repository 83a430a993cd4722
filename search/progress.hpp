// What a tuning run tells while it runs, on stderr: on a terminal one line that is rewritten, elsewhere plain lines.
// A line about a result is written after the result is in the knowledge base, and at once.
#pragma once

#include <chrono>
#include <functional>
#include <iosfwd>
#include <string>

#include "search/tuner.hpp"

namespace ares {

class Progress {
 public:
  /// `terminal`: the stream is one.
  Progress(std::ostream& stream, bool terminal, const TunerOptions& options);

  /// To be given to the tuner that is then to be watched. The progress outlives it.
  TunerObserver observer();
  void watch(const Tuner& tuner) { tuner_ = &tuner; }

  /// Erases the rewritten line.
  void end();

 private:
  using Clock = std::chrono::steady_clock;

  void line(const std::string& text);
  void status(bool now = false);
  std::string status_text() const;
  std::string time_left() const;

  std::ostream& stream_;
  bool terminal_ = false;
  const TunerOptions& options_;
  const Tuner* tuner_ = nullptr;
  std::string current_;  ///< group of the last round
  Clock::time_point next_;
  double measuring_since_ = -1;  ///< seconds of the tuner's clock
  bool shown_ = false;
};

}  // namespace ares
