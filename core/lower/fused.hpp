// Fused groups: one mechanism for every chain. The tile loops are those of the last layer; each layer in front of it
// computes as much of its output as that tile needs (affine in the loops, with halo), into a buffer between the two.
// The first layer brings its family's rules; a tail of one family more is one function in fused.cpp.
//
// Groups of one layer pass through these functions unchanged.
#pragma once

#include "core/lower/family.hpp"

namespace ares {

/// The config as the group's first layer sees it: tile sizes in its own rows and columns; all channels where the last
/// layer has weights.
Config first_config(const GroupShape& s, const Config& c);

/// What FamilyRules say of a family, for the whole group.
void group_knobs(const GroupShape& s, SearchSpace& space);
void group_dims(const GroupShape& s, TiledDims& out);
void group_buffers(const GroupShape& s, const Config& c, BufferBytes& out);
uint8_t group_copies(const GroupShape& s, const Config& c, Role r);

/// Accelerator and workers of the group work beside each other: the first layer computes the next tile while the tails
/// work on this one, or the other way round. So it is where one of the two is the accelerator's, inputs have two
/// copies, the workers have no share of the accelerator's layer and each tile of the group is one of the first layer;
/// `between` then has two copies as well.
bool overlaps(const GroupShape& s, const Config& c);

/// A table in front of a sum of bytes in the narrow form, rounded half up: the sum itself looks its first operand up,
/// and no tile lies between the two.
bool maps_into_sum(const GroupShape& s);

/// What a tail adds to a program. Regions of roles that it has no buffer for are empty.
struct TailParts {
  Kernel kernel;               ///< without buffers
  Role second = Role::input2;  ///< add: of its second operand, which is `input2` or `input3` alike
  Role in = Role::between, out = Role::output;
  Role constants = Role::tail;  ///< table, add, average_pool
  Region second_region, constants_region, weights, params;
};

struct FusedParts {
  std::array<TailParts, max_tails> tails;
  Region output;  ///< of the last layer
};

/// A fused group's program has no more buffers and operations than a tile program holds; weights of a tail come from
/// L2.
bool fits_program(const GroupShape& shape, const Context& context, const Config& config);

/// Extents as the first layer sees them.
Extents first_extents(const GroupShape& s, const Extents& e);

/// `first`: the first layer's parts for these extents.
void fused_parts(const GroupShape& s, const Config& c, const Extents& e, const Parts& first, FusedParts& out);

/// Second operands that a group's tails read, in front of tail `count`.
int second_operands(const GroupShape& s, int count);

}  // namespace ares
