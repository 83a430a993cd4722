// Signature: what a group is remembered by. Two groups with the same signature have the same search space and the same
// cycles, so everything that timing depends on is in it and nothing else (no names).
//
// Its key is a byte string that sorts: first what two groups must share for one to learn from the other (the family
// prefix: operator, window, bit widths, requantisation, residency, cores, stack, target), then the dimensions, among
// them the L1 window, that are compared on a log scale. Neighbours of a group are one range of keys.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/arithmetic/requant.hpp"
#include "core/base/result.hpp"
#include "core/group/group.hpp"

namespace ares::kb {

struct Signature {
  GroupShape shape;
  Context context;  ///< canonical, see make_signature
  std::string target;
  RequantPolicy policy = RequantPolicy::fast;
  friend bool operator==(const Signature&, const Signature&) = default;
};

/// What is remembered of a shape, and tuned: a scan's B and C stand at the beginning of rows of their own, as where
/// they stand moves only the copies of a few bytes.
GroupShape remembered_shape(GroupShape shape);

/// The canonical signature: the accelerator only where both chip and layer allow it, the L1 window and the L2 staging
/// area rounded down to 1 KiB, no staging area where the weights are not in L3.
Signature make_signature(const GroupShape& shape, const Context& context, std::string target, RequantPolicy policy);

/// out.c, in.c, out.h, out.w, in.h, in.w, L1 bytes, L2 staging bytes: the order in which they stand in a key.
using Dimensions = std::array<uint32_t, 8>;
inline constexpr size_t dimension_bytes = sizeof(Dimensions);

Dimensions dimensions(const Signature& s);

/// The prefix that the keys of all signatures with equal non-dimensions share, and no other key has.
std::string family_key(const Signature& s);

/// family_key and the dimensions; one to one with canonical signatures.
std::string key_of(const Signature& s);

/// The reverse of key_of; fails on bytes that key_of never writes.
Result<Signature> signature_of_key(std::string_view key);

/// The dimensions at the end of a signature's key; the key is at least dimension_bytes long.
Dimensions dimensions_of_key(std::string_view key);

/// The signature with other dimensions.
Signature with_dimensions(Signature s, const Dimensions& d);

/// log2 (of 0: 0) of the dimensions that distance is made of: out.c, in.c, out.h, out.w, L1 and staging bytes. in.h and
/// in.w say nothing beyond out.h, out.w and the window.
using LogDimensions = std::array<float, 6>;
LogDimensions log_dimensions(const Dimensions& d);

/// Euclidean distance over the log2 of these dimensions; 1 is one of them doubled.
double log_distance(const Dimensions& a, const Dimensions& b);

/// `conv:in=14x14x32:out=14x14x64:kernel=3x3:pad=1,1,1,1:bits=8:requant=narrow,half_up:type=u8:levels=l2,l2,l2:l1=96K:
/// cores=8:stack=1024:target=gap9:policy=fast`, one word for a shell. Window fields of 1 (pad: 0) and no staging area
/// are left out.
std::string to_string(const Signature& s);

/// The reverse of to_string. Fields in any order; `in` and `out` are required, the others default to an 8-bit group
/// with everything in L2 on 8 cores of gap9 with stacks of 1024 bytes.
Result<Signature> parse_signature(std::string_view text);

}  // namespace ares::kb
