// The order of a tile program's steps, as a flat list of tokens in nesting order. Buffering is resolved here, once: a
// load into a buffer of n copies is issued n-1 instances ahead, the first ones before the loops begin. The walker
// interprets the tokens, the code generator prints them; neither knows anything else about order.
#pragma once

#include <boost/container/static_vector.hpp>

#include "core/tile/program.hpp"

namespace ares {

enum class TokenKind : uint8_t {
  loop_begin,  ///< `index` is a loop
  loop_end,
  issue,  ///< start the next instance of copy `index`, if one is left (loads run ahead of the loops)
  wait,   ///< the wait operation `index`, see Wait
  run,    ///< kernel, job or barrier `index`
  drain,  ///< wait for every outstanding instance of copy or job `index`; after all loops
};

struct Token {
  TokenKind kind;
  int8_t index;
};

using Schedule = boost::container::static_vector<Token, 64>;

Schedule schedule(const TileProgram& program);

/// Instances by which copy `index` runs ahead of its use; 0 for stores. One less than its buffer has copies; as many
/// where it stands behind the wait for an operation that runs ahead and reads it: that has left the slot by then. What
/// such an operation reads and is loaded once comes first of all.
int run_ahead(const TileProgram& program, size_t index);

}  // namespace ares
