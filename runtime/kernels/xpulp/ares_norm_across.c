// Norms whose sets span all rows. The workers share the rows: each sums its rows of all sets, and when all are known
// scales them. A hardware loop runs down the rows, along a column of words for the sums, of one channel's elements for
// the outputs, two rows a step.
#include "kernels/ares_norm.h"
#include "kernels/ares_rows.h"
#include "kernels/ares_share.h"
#include "kernels/xpulp/ares_xpulp.h"

// Sets that a worker keeps scales of; rows whose squares of bytes fit into 32 bits, a column of words at a time.
enum { MOST_SETS = 8, MOST_ROWS = 16512, ONES = 0x01010101, PAIR = 0x00010001 };

// Of a worker's rows of a set: elements, and their squares. They lie in the output tile until all workers have read
// them.
typedef struct {
  uint32_t low, high;
  int32_t sum, unused;
} totals;

static void add_squares(totals* t, uint32_t low, uint32_t high) {
  t->low += low;
  t->high += high + (t->low < low);
}

static void add_bytes(totals* t, const uint8_t* in, int32_t rows, int32_t pitch) {
  uint32_t sum = 0, squares = 0, v, w;
  if (rows >= 2) {
    __asm__ volatile(
        ".option push\n.option norvc\n"
        ".insn i 0x7b, 4, x0, %[pairs], 12\n"             // lp.setup: 6 instructions
        ".insn r 0x0b, 7, 0x10, %[v], %[in], %[pitch]\n"  // p.lw with post-increment
        ".insn r 0x0b, 7, 0x10, %[w], %[in], %[pitch]\n"
        ".insn r 0x57, 1, 0x50, %[sum], %[v], %[ones]\n"  // pv.sdotup.b
        ".insn r 0x57, 1, 0x50, %[squares], %[v], %[v]\n"
        ".insn r 0x57, 1, 0x50, %[sum], %[w], %[ones]\n"
        ".insn r 0x57, 1, 0x50, %[squares], %[w], %[w]\n"
        ".option pop\n"
        : [in] "+&r"(in), [sum] "+&r"(sum), [squares] "+&r"(squares), [v] "=&r"(v), [w] "=&r"(w)
        : [pairs] "r"(rows / 2), [pitch] "r"(pitch), [ones] "r"(ONES)
        : "memory");
  }
  for (int32_t i = 0; rows % 2 != 0 && i < 4; ++i) {
    sum += in[i];
    squares += (uint32_t)in[i] * in[i];
  }
  t->sum += (int32_t)sum;
  add_squares(t, squares, 0);
}

// The squares of two elements fill 32 bits, so they are summed with a carry.
static void add_halves(totals* t, const int16_t* in, int32_t rows, int32_t pitch) {
  int32_t sum = 0;
  uint32_t low = 0, high = 0, v, q;
  __asm__ volatile(
      ".option push\n.option norvc\n"
      ".insn i 0x7b, 4, x0, %[rows], 14\n"  // lp.setup: 7 instructions
      ".insn r 0x0b, 7, 0x10, %[v], %[in], %[pitch]\n"
      ".insn r 0x57, 0, 0x5C, %[sum], %[v], %[pair]\n"  // pv.sdotsp.h
      ".insn r 0x57, 0, 0x4C, %[q], %[v], %[v]\n"       // pv.dotsp.h
      "add %[low], %[low], %[q]\n"
      "sltu %[q], %[low], %[q]\n"
      "add %[high], %[high], %[q]\n"
      "nop\n"
      ".option pop\n"
      : [in] "+&r"(in), [sum] "+&r"(sum), [low] "+&r"(low), [high] "+&r"(high), [v] "=&r"(v), [q] "=&r"(q)
      : [rows] "r"(rows), [pitch] "r"(pitch), [pair] "r"(PAIR)
      : "memory");
  t->sum += sum;
  add_squares(t, low, high);
}

static totals totals_of(const ares_norm_args* a, ares_share rows, int32_t set) {
  totals t = {0, 0, 0, 0};
  const int32_t row = a->sets * a->width, first = rows.begin * row + set * a->width, count = rows.end - rows.begin;
  if (count <= 0) return t;
  if (a->in_type == ARES_U8) {
    for (int32_t c = 0; c < a->width; c += 4) add_bytes(&t, (const uint8_t*)a->in + first + c, count, row);
  } else {
    for (int32_t c = 0; c < a->width; c += 2) add_halves(&t, (const int16_t*)a->in + first + c, count, 2 * row);
  }
  return t;
}

// Of one set, from what all workers have summed.
static ares_norm_scale scale_of(const ares_norm_args* a, const totals* all, int32_t set) {
  totals t = {0, 0, 0, 0};
  for (int32_t worker = 0; worker < ares_team(); ++worker) {
    const totals* const part = all + worker * a->sets + set;
    t.sum += part->sum;
    add_squares(&t, part->low, part->high);
  }
  const int32_t zero = a->terms->zero, offset = a->rows * a->width * zero;
  const uint64_t squares = ((uint64_t)t.high << 32 | t.low) + (uint64_t)((int64_t)zero * (offset - 2 * (int64_t)t.sum));
  return ares_norm_scale_of(a->terms, a->centred ? t.sum - offset : 0, squares);
}

// What a channel does to an element x. Narrow: u = (x * factor + offset) >> shift; wide: u = mulh(x * step - offset,
// factor) << pre_shift.
typedef struct {
  uint32_t step, offset;
  int32_t factor, u_shift;
  int32_t m, B, shift, lo, hi;
} channel;

#define LOAD_BYTE(v) ".insn r 0x0b, 7, 0x20, " v ", %[in], %[pitch]\n"        // p.lbu with post-increment
#define LOAD_HALF(v) ".insn r 0x0b, 7, 0x08, " v ", %[in], %[pitch]\n"        // p.lh
#define STORE_BYTE(v) ".insn r 0x2b, 4, 0x00, %[out_pitch], %[out], " v "\n"  // p.sb
#define STORE_HALF(v) ".insn r 0x2b, 5, 0x00, %[out_pitch], %[out], " v "\n"  // p.sh
#define CENTRE(v) ".insn r 0x5b, 2, 0x20, " v ", %[offset], %[u_shift]\n"     // p.addN
#define REQUANTISE(v) ".insn r 0x5b, 2, 0x20, " v ", %[B], %[shift]\n"
#define CLIP(v) ".insn r 0x33, 6, 0x02, " v ", " v ", %[lo]\n.insn r 0x33, 4, 0x02, " v ", " v ", %[hi]\n"
#define NARROW                                                            \
  "mul %[x], %[x], %[factor]\nmul %[z], %[z], %[factor]\n" CENTRE("%[x]") \
      CENTRE("%[z]") "mul %[x], %[x], %[m]\nmul %[z], %[z], %[m]\n"
#define WIDE                                                                                                 \
  "mul %[x], %[x], %[step]\nmul %[z], %[z], %[step]\nsub %[x], %[x], %[offset]\nsub %[z], %[z], %[offset]\n" \
  "mulh %[x], %[x], %[factor]\nmulh %[z], %[z], %[factor]\nsll %[x], %[x], %[u_shift]\n"                     \
  "sll %[z], %[z], %[u_shift]\nmulh %[x], %[x], %[m]\nmulh %[z], %[z], %[m]\n"

// `rows` / 2 steps down a channel; pitches in bytes. `length`: instructions of a step.
#define COLUMNS(name, in_t, out_t, load, scale, store, length)                                                     \
  static void name(const channel* k, const in_t* in, out_t* out, int32_t rows, int32_t pitch, int32_t out_pitch) { \
    uint32_t x, z;                                                                                                 \
    if (rows < 2) return;                                                                                          \
    __asm__ volatile(".option push\n.option norvc\n.insn i 0x7b, 4, x0, %[pairs], 2 * " #length "\n" load("%[x]")  \
                         load("%[z]") scale REQUANTISE("%[x]") REQUANTISE("%[z]") CLIP("%[x]") CLIP("%[z]")        \
                             store("%[x]") store("%[z]") ".option pop\n"                                           \
                     : [in] "+&r"(in), [out] "+&r"(out), [x] "=&r"(x), [z] "=&r"(z)                                \
                     : [pairs] "r"(rows / 2), [pitch] "r"(pitch), [out_pitch] "r"(out_pitch), [step] "r"(k->step), \
                       [offset] "r"(k->offset), [factor] "r"(k->factor), [u_shift] "r"(k->u_shift), [m] "r"(k->m), \
                       [B] "r"(k->B), [shift] "r"(k->shift), [lo] "r"(k->lo), [hi] "r"(k->hi)                      \
                     : "memory");                                                                                  \
  }
COLUMNS(narrow_bytes, uint8_t, uint8_t, LOAD_BYTE, NARROW, STORE_BYTE, 16)
COLUMNS(narrow_halves, int16_t, uint8_t, LOAD_HALF, NARROW, STORE_BYTE, 16)
COLUMNS(bytes_to_bytes, uint8_t, uint8_t, LOAD_BYTE, WIDE, STORE_BYTE, 20)
COLUMNS(bytes_to_halves, uint8_t, int16_t, LOAD_BYTE, WIDE, STORE_HALF, 20)
COLUMNS(halves_to_bytes, int16_t, uint8_t, LOAD_HALF, WIDE, STORE_BYTE, 20)
COLUMNS(halves_to_halves, int16_t, int16_t, LOAD_HALF, WIDE, STORE_HALF, 20)
#undef COLUMNS

static void column(const ares_norm_args* a, const channel* k, int32_t at, int32_t rows, int32_t row) {
  const uint8_t* const in = (const uint8_t*)a->in + at;
  const int16_t* const wide_in = (const int16_t*)a->in + at;
  uint8_t* const out = (uint8_t*)a->out + at;
  int16_t* const wide_out = (int16_t*)a->out + at;
  const bool bytes_out = a->requant.type == ARES_U8;
  if (a->terms->shift > 0) {
    a->in_type == ARES_U8 ? narrow_bytes(k, in, out, rows, row, row)
                          : narrow_halves(k, wide_in, out, rows, 2 * row, row);
  } else if (a->in_type == ARES_U8) {
    bytes_out ? bytes_to_bytes(k, in, out, rows, row, row) : bytes_to_halves(k, in, wide_out, rows, row, 2 * row);
  } else {
    bytes_out ? halves_to_bytes(k, wide_in, out, rows, 2 * row, row)
              : halves_to_halves(k, wide_in, wide_out, rows, 2 * row, 2 * row);
  }
}

static channel channel_of(const ares_norm_args* a, ares_norm_scale s) {
  const ares_norm_terms* const t = a->terms;
  const ares_requant* const r = &a->requant;
  channel k = {0, s.offset, (int32_t)s.multiplier, t->shift, 0, 0, r->shift, r->lo, r->hi};
  if (t->shift == 0) {
    k.step = (uint32_t)t->count << s.left;
    k.offset = (uint32_t)(t->count * t->zero + s.sum) << s.left;
    k.factor = s.factor;
    k.u_shift = r->pre_shift;
  }
  return k;
}

// The worker's rows of a set.
static void normalise(const ares_norm_args* a, ares_share rows, int32_t set, ares_norm_scale scale) {
  const int32_t row = a->sets * a->width, count = rows.end - rows.begin;
  channel k = channel_of(a, scale);
  if (count <= 0) return;
  for (int32_t c = set * a->width; c < (set + 1) * a->width; ++c) {
    k.m = a->params[c].m;
    k.B = a->params[c].B;
    column(a, &k, rows.begin * row + c, count, row);
    if (count % 2 != 0) column(a, &k, (rows.end - 1) * row + c, 2, 0);  // the last row, as both of a step
  }
}

bool ares_norm_across_fast(const ares_norm_args* a) {
  const int32_t words = a->in_type == ARES_U8 ? 4 : 2, room = a->rows * a->width * ares_output_bytes(&a->requant);
  if (a->width % words != 0 || a->sets > MOST_SETS || a->rows > MOST_ROWS ||
      room < ares_team() * (int32_t)sizeof(totals)) {
    return false;
  }
  const ares_share rows = ares_share_of(a->rows, 1);
  totals* const all = a->out;
  for (int32_t set = 0; set < a->sets; ++set) all[ares_worker() * a->sets + set] = totals_of(a, rows, set);
  ares_barrier();
  ares_norm_scale scales[MOST_SETS];
  for (int32_t set = 0; set < a->sets; ++set) scales[set] = scale_of(a, all, set);
  ares_barrier();
  for (int32_t set = 0; set < a->sets; ++set) normalise(a, rows, set, scales[set]);
  return true;
}
