// How an entry grows.
#pragma once

#include "kb/record.hpp"

namespace ares::kb {

/// Takes a result in: of one config the fewer cycles stay, of one subject the best_kept fastest configs and the marked
/// ones. A new rule or model-best takes the mark from the one before.
void add_result(Entry& entry, const Measured& result);

/// Takes in what another knowledge base knows of the same subject. Idempotent.
void merge_into(Entry& entry, const Entry& other);

/// Fastest first; equal cycles by config.
bool faster(const Measured& a, const Measured& b);

}  // namespace ares::kb
