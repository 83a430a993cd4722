#include <fmt/format.h>
#include <fmt/ranges.h>

#include "search/measurer.hpp"

namespace ares {

std::vector<std::string> measurer_names() { return {"auto", "event", "none"}; }

Result<Measurer> make_measurer(const std::string& name) {
  if (name == "auto" || name == "event") return event_measurer();
  if (name == "none") return Measurer{"model", 1, 0, nullptr};
  if (name == "gvsoc") return fail("--measure gvsoc: this version cannot measure on GVSOC; use --measure event");
  return fail(fmt::format("--measure {}: unknown; choose one of: {}", name, fmt::join(measurer_names(), ", ")));
}

}  // namespace ares
