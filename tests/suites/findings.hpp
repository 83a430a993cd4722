// What a conformance suite has against its subject.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace ares::conformance {

/// One property that does not hold.
struct Finding {
  std::string property;  ///< what was promised, as `the same seed, the same proposals`
  std::string example;   ///< where it was first seen not to hold
  int times = 0;
  bool binding = true;  ///< false: worth a thought, but nothing in ARES relies on it
};

/// Collects what does not hold, one line per property.
class Findings {
 public:
  /// Evaluates to `holds`, so that a check can end where going on makes no sense.
  bool expect(bool holds, const std::string& property, const std::string& example = "", bool binding = true);

  bool empty() const { return found_.empty(); }
  std::vector<Finding> list() const;
  /// `property (3 times; first: example)`, a line each; empty: nothing was found.
  std::string text() const;

 private:
  std::map<std::string, Finding> found_;
};

}  // namespace ares::conformance
