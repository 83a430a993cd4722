// Rearrangements without repetition: whole runs, as they are or through a table, and transpositions of 4 x 4 bytes at a
// time, where the input runs along the rows or columns of the output.
#include <stddef.h>

#include "kernels/ares_fast.h"
#include "kernels/ares_share.h"
#include "kernels/xpulp/ares_xpulp.h"

enum { SIDE = 4 };

static void copy_run(const uint8_t* in, uint8_t* out, int32_t bytes) {
  uint32_t v, w;
  if (bytes >= 8) {
    __asm__ volatile(
        ".option push\n.option norvc\n"
        ".insn i 0x7b, 4, x0, %[pairs], 8\n"  // lp.setup: 4 instructions
        ".insn i 0x0b, 2, %[v], 4(%[in])\n"   // p.lw with post-increment
        ".insn i 0x0b, 2, %[w], 4(%[in])\n"
        ".insn s 0x2b, 2, %[v], 4(%[out])\n"  // p.sw with post-increment
        ".insn s 0x2b, 2, %[w], 4(%[out])\n"
        ".option pop\n"
        : [in] "+&r"(in), [out] "+&r"(out), [v] "=&r"(v), [w] "=&r"(w)
        : [pairs] "r"(bytes / 8)
        : "memory");
  }
  for (int32_t i = 0; i < bytes % 8; ++i) out[i] = in[i];
}

// Blocks side by side: four words of the input, `in_step` apart, become four words of the output, `out_step` apart; the
// next block's words follow.
static void transpose_blocks(const uint8_t* in, int32_t in_step, uint8_t* out, int32_t out_step, int32_t blocks) {
  uint32_t r0, r1, r2, r3, p0, p1, copy;
  __asm__ volatile(
      ".option push\n.option norvc\n"
      ".insn i 0x7b, 4, x0, %[blocks], 36\n"               // lp.setup: 18 instructions
      ".insn r 0x0b, 7, 0x10, %[r0], %[in], %[in_step]\n"  // p.lw with post-increment
      ".insn r 0x0b, 7, 0x10, %[r1], %[in], %[in_step]\n"
      ".insn r 0x0b, 7, 0x10, %[r2], %[in], %[in_step]\n"
      ".insn r 0x0b, 7, 0x10, %[r3], %[in], %[in_step]\n"
      ".insn r 0x57, 0, 0x68, %[p0], %[r2], %[r0]\n"            // pv.pack.h: bytes 0 and 1 of two words
      ".insn r 0x57, 1, 0x64, %[r0], %[r2], %[upper_halves]\n"  // pv.shuffle2.b: bytes 2 and 3
      ".insn r 0x57, 0, 0x68, %[p1], %[r3], %[r1]\n"
      ".insn r 0x57, 1, 0x64, %[r1], %[r3], %[upper_halves]\n"
      "mv %[copy], %[p0]\n"
      ".insn r 0x57, 1, 0x64, %[p0], %[p1], %[even]\n"
      ".insn r 0x57, 1, 0x64, %[copy], %[p1], %[odd]\n"
      "mv %[r2], %[r0]\n"
      ".insn r 0x57, 1, 0x64, %[r0], %[r1], %[even]\n"
      ".insn r 0x57, 1, 0x64, %[r2], %[r1], %[odd]\n"
      ".insn r 0x2b, 6, 0, %[out_step], %[out], %[p0]\n"  // p.sw with post-increment
      ".insn r 0x2b, 6, 0, %[out_step], %[out], %[copy]\n"
      ".insn r 0x2b, 6, 0, %[out_step], %[out], %[r0]\n"
      ".insn r 0x2b, 6, 0, %[out_back], %[out], %[r2]\n"
      ".option pop\n"
      : [in] "+&r"(in), [out] "+&r"(out), [r0] "=&r"(r0), [r1] "=&r"(r1), [r2] "=&r"(r2), [r3] "=&r"(r3),
        [p0] "=&r"(p0), [p1] "=&r"(p1), [copy] "=&r"(copy)
      : [blocks] "r"(blocks), [in_step] "r"(in_step), [out_step] "r"(out_step), [out_back] "r"(SIDE - 3 * out_step),
        [upper_halves] "r"(0x07060302), [even] "r"(0x06020400), [odd] "r"(0x07030501)
      : "memory");
}

// Of `lane`, the output's axis along which the input runs, four at a time, in turns among the workers; the last four
// and the last channels overlap those before.
static void transpose(const ares_rearrange_args* a, const uint8_t* in, const int32_t* jump, int32_t lane) {
  const int32_t extent[2] = {a->rows, a->columns}, step[2] = {a->columns * a->channels, a->channels};
  const int32_t lanes = extent[lane], padded = (lanes + SIDE - 1) / SIDE * SIDE, other = 1 - lane;
  const int32_t last = a->channels - SIDE;
  int32_t along = ares_worker() * SIDE;
  for (int32_t across = 0; across < extent[other]; along += ares_team() * SIDE) {
    for (; along >= padded; along -= padded) ++across;
    if (across >= extent[other]) break;
    const int32_t begin = ares_min(along, lanes - SIDE);
    const uint8_t* const from = in + across * jump[other] + begin;
    uint8_t* const to = a->out + across * step[other] + begin * step[lane];
    transpose_blocks(from, jump[2], to, step[lane], a->channels / SIDE);
    if (a->channels % SIDE != 0) transpose_blocks(from + last * jump[2], jump[2], to + last, step[lane], 1);
  }
}

static void move_run(const ares_rearrange_args* a, const uint8_t* in, int32_t begin, int32_t bytes) {
  if (a->map != NULL) {
    ares_map_bytes(in, a->out + begin, a->map, bytes);
  } else {
    copy_run(in, a->out + begin, bytes);
  }
}

static void move_runs(const ares_rearrange_args* a, const uint8_t* in, const int32_t* jump) {
  if (a->rows * a->columns == 1) {
    const ares_share mine = ares_share_of(a->channels, SIDE);
    move_run(a, in + mine.begin, mine.begin, mine.end - mine.begin);
    return;
  }
  const ares_share mine = ares_share_of(a->rows * a->columns, 1);
  int32_t row = mine.begin / a->columns, column = mine.begin % a->columns;
  for (int32_t i = mine.begin; i < mine.end;) {
    // Pixels that follow each other on both sides are one run.
    const int32_t together = jump[1] == a->channels ? ares_min(a->columns - column, mine.end - i) : 1;
    move_run(a, in + row * jump[0] + column * jump[1], i * a->channels, together * a->channels);
    i += together;
    column += together;
    if (column == a->columns) column = 0, ++row;
  }
}

bool ares_rearrange_fast(const ares_rearrange_args* a, const uint8_t* in, const int32_t* jump) {
  if (a->repeat[0] != 1 || a->repeat[1] != 1 || a->repeat[2] != 1) return false;
  if (jump[2] == 1) {
    move_runs(a, in, jump);
    return true;
  }
  if (a->map != NULL) return false;
  const int32_t extent[2] = {a->rows, a->columns};
  for (int32_t lane = 1; lane >= 0; --lane) {
    if (jump[lane] != 1 || extent[lane] < SIDE || a->channels < SIDE) continue;
    transpose(a, in, jump, lane);
    return true;
  }
  return false;
}
