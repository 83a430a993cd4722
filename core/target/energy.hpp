// Energy per event of a target, from the section "energy" of its description. A model: figures of literature, good for
// comparing programs on one chip, not for dimensioning a battery. It is no part of Target::hash: cycles do not depend
// on it.
#pragma once

#include <string>

#include "core/base/result.hpp"

namespace ares {

/// Picojoules.
struct EnergyTable {
  double idle_cycle = 0;         ///< of the cluster, whatever it does
  double compute_cycle = 0;      ///< more, while the workers compute
  double accelerator_cycle = 0;  ///< more, while the accelerator runs
  double l2_byte = 0;            ///< moved between L2 and L1, both ends
  double l3_byte = 0;            ///< moved between L3 and L2, both ends
};

/// Of a target that ships with the project or of a description file; a description without the section has that of its
/// "base". Fails where there is none, or where a key is missing or unknown.
Result<EnergyTable> load_energy(const std::string& name_or_file);

}  // namespace ares
