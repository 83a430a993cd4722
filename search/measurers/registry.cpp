#include <fmt/format.h>
#include <fmt/ranges.h>

#include "search/measurer.hpp"

namespace ares {

std::vector<std::string> measurer_names() { return {"auto", "event", "gvsoc", "none"}; }

Result<MeasurerChoice> make_measurer(const std::string& name, const Target& target, const std::string& gvsoc_home) {
  if (name == "event") return MeasurerChoice{event_measurer(), ""};
  if (name == "none") return MeasurerChoice{Measurer{"model", 1, 0}, ""};
  if (name != "auto" && name != "gvsoc")
    return fail(fmt::format("--measure {}: unknown; choose one of: {}", name, fmt::join(measurer_names(), ", ")));
  auto gvsoc = gvsoc_measurer(gvsoc_home, target);
  if (gvsoc) return MeasurerChoice{std::move(*gvsoc), ""};
  if (!gvsoc_home.empty())
    return fail(fmt::format("--gvsoc {}: {}; --measure event does without", gvsoc_home, gvsoc.error().what));
  if (name == "gvsoc")
    return fail(fmt::format("--measure gvsoc: {}; --measure event does without", gvsoc.error().what));
  return MeasurerChoice{
      event_measurer(),
      fmt::format("Cycles are the event simulator's. With GVSOC every config would be run as generated code, "
                  "with bank conflicts and instruction caches, and its output checked. {}.",
                  gvsoc.error().what)};
}

}  // namespace ares
