// What a measuring program has printed (runtime/measure/ares_measure.h), whatever else stands in the log.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace ares::gvsoc {

struct CandidateLine {
  uint64_t cold = 0, warm = 0;
  uint64_t wrong = 0, first = 0;              ///< bytes that differ, and the first of them
  unsigned got = 0, want = 0;                 ///< there
  uint64_t compute = 0, load = 0, store = 0;  ///< of the warm run, where the program was built to tell
  friend bool operator==(const CandidateLine&, const CandidateLine&) = default;
};

struct BatchLog {
  bool started = false;                           ///< the program has told the machine's properties
  std::map<std::string, std::string> properties;  ///< as it told them
  std::map<size_t, CandidateLine> results;
  std::optional<size_t> running;    ///< began and has no result
  std::optional<std::string> died;  ///< the runtime's own last words
  bool ended = false;               ///< all candidates have run
};

/// Lines that are cut off, damaged or not the program's are left out; of two results of one candidate the first counts.
BatchLog parse_batch_log(std::string_view text);

}  // namespace ares::gvsoc
