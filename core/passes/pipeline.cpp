#include "core/passes/pass.hpp"

namespace ares {
namespace {

constexpr Pass kPipeline[] = {
    {"canonicalise", canonicalise},
    {"infer_shapes", infer_shapes},
    {"observe_ranges", observe_ranges},
    {"recognise_norms", recognise_norms},
    {"recognise_rotary", recognise_rotary},
    {"quantise_constants", quantise_constants},
    {"lower", lower},
    {"expand_groups", expand_groups},
    {"requantise", requantise},
};

}  // namespace

std::span<const Pass> pipeline() { return kPipeline; }

}  // namespace ares
