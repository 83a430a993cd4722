// The groups of the tutorial's two networks (a small CNN and an MLP on digits), for studies and benchmarks that need no
// model file.
#pragma once

#include <string>
#include <vector>

#include "core/group/group.hpp"
#include "core/target/target.hpp"

namespace ares {

struct NamedShape {
  std::string name;
  GroupShape shape;
};

inline GroupShape conv_shape(Dims in, int32_t c_out, int16_t kernel, int16_t stride, int16_t pad) {
  GroupShape s;
  s.family = Family::conv;
  s.in = in;
  s.window = {kernel, kernel, stride, stride, 1, 1, pad, pad, pad, pad};
  s.out = {(in.h + 2 * pad - kernel) / stride + 1, (in.w + 2 * pad - kernel) / stride + 1, c_out};
  return s;
}

inline GroupShape pool_shape(Dims in, int16_t kernel) {
  GroupShape s;
  s.family = Family::max_pool;
  s.in = in;
  s.window = {kernel, kernel, kernel, kernel, 1, 1, 0, 0, 0, 0};
  s.out = {in.h / kernel, in.w / kernel, in.c};
  return s;
}

inline GroupShape linear_shape(int32_t tokens, int32_t in, int32_t out, bool logits = false) {
  GroupShape s;
  s.family = Family::linear;
  s.in = {1, tokens, in};
  s.out = {1, tokens, out};
  if (logits) {
    s.form = RequantForm::raw;
    s.out_type = ElementType::s32;
  }
  return s;
}

inline GroupShape table_shape(int32_t bytes) {
  GroupShape s;
  s.family = Family::table;
  s.in = s.out = {1, 1, bytes};
  return s;
}

inline std::vector<NamedShape> tutorial_groups() {
  return {{"conv1", conv_shape({28, 28, 1}, 32, 3, 1, 1)},  {"pool1", pool_shape({28, 28, 32}, 2)},
          {"conv2", conv_shape({14, 14, 32}, 64, 3, 1, 1)}, {"pool2", pool_shape({14, 14, 64}, 2)},
          {"conv3", conv_shape({7, 7, 64}, 128, 3, 1, 1)},  {"table", table_shape(7 * 7 * 128)},
          {"fc 6272->10", linear_shape(1, 6272, 10, true)}, {"fc1 784->256", linear_shape(1, 784, 256)},
          {"fc2 256->128", linear_shape(1, 256, 128)},      {"fc3 128->10", linear_shape(1, 128, 10, true)}};
}

/// All of L1 but the stacks; operands in L2.
inline Context whole_l1(const Target& t) {
  Context c;
  c.cores = t.cores.count;
  c.stack = t.default_stack;
  c.l1_bytes = t.l1_bytes - static_cast<uint32_t>(c.cores) * c.stack;
  return c;
}

}  // namespace ares
