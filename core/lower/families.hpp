// The families that lower() knows; each is defined in the file of its name.
#pragma once

#include "core/lower/family.hpp"

namespace ares {

extern const FamilyRules conv_rules, linear_rules, table_rules, pool_rules, depthwise_rules, elementwise_rules,
    rearrange_rules, curve_rules, norm_rules, softmax_rules, matmul_rules, scan_rules, transform_rules, rotary_rules,
    lookup_rules;

}  // namespace ares
