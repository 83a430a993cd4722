// --report: one self-contained page on a tuning run, to be opened in a browser or sent to somebody.
#pragma once

#include <string>

#include "search/network_choice.hpp"
#include "search/tune_report.hpp"

namespace ares {

/// The network's table with bottlenecks, how the searches went, the roofline, how well the cost model predicted, and
/// what lies where in L2 while the network that is kept runs.
std::string to_html(const TuneReport& report, const Tuner& tuner, const PlayedNetwork& network, const Target& target,
                    const CostModel& model);

}  // namespace ares
