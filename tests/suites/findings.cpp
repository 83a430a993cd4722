#include "tests/suites/findings.hpp"

#include <fmt/format.h>

namespace ares::conformance {

bool Findings::expect(bool holds, const std::string& property, const std::string& example, bool binding) {
  if (!holds) {
    Finding& f = found_.try_emplace(property, Finding{property, example, 0, binding}).first->second;
    ++f.times;
  }
  return holds;
}

std::vector<Finding> Findings::list() const {
  std::vector<Finding> all;
  for (const auto& [property, finding] : found_) all.push_back(finding);
  return all;
}

std::string Findings::text() const {
  std::string text;
  for (const auto& [property, f] : found_)
    text += fmt::format("{} ({}; first: {})\n", property, f.times == 1 ? "once" : fmt::format("{} times", f.times),
                        f.example.empty() ? "everywhere" : f.example);
  return text;
}

}  // namespace ares::conformance
