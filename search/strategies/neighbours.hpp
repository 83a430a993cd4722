// Candidates that differ from one in a single knob.
#pragma once

#include "search/candidates.hpp"

namespace ares {

template <class Visit>
void for_each_neighbour(const Candidates& candidates, CandidateId centre, Visit visit) {
  const Config config = candidates.config(centre);
  for (const KnobRange& range : candidates.space.knobs) {
    for (const uint16_t value : range.values) {
      if (value == config[range.knob]) continue;
      Config neighbour = config;
      neighbour[range.knob] = value;
      if (const auto found = candidates.find(neighbour)) visit(*found);
    }
  }
}

}  // namespace ares
