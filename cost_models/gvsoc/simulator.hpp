// The simulator that measures: where it is, which one, and what else is needed to use it.
#pragma once

#include <map>
#include <string>

#include "core/base/result.hpp"

namespace ares::gvsoc {

struct Simulator {
  std::string platform = "gvsoc";  ///< of the runtime; host: this machine, which checks bytes and counts nanoseconds
  std::string home;                ///< as GVSOC_HOME
  std::string version;             ///< the commit that it was built from where it tells, and a hash over its files
  std::string target;              ///< name and hash of the runtime's target description
};

/// GVSOC at `home`, or where that is empty at $GVSOC_HOME; fails with one line that says what is missing.
Result<Simulator> find_simulator(const std::string& home = "");

/// This machine in place of a simulator: what candidates compute is checked, their times mean nothing.
Simulator host_machine();

/// One line for people and for environments: `gvsoc 209c147 (files 1a2b3c4d), target ares_gap9 (5e6f7a8b)`.
std::string describe(const Simulator& simulator);

/// The same with the properties that a measuring program has told; what results are remembered under.
std::string environment(const Simulator& simulator, const std::map<std::string, std::string>& properties);

}  // namespace ares::gvsoc
