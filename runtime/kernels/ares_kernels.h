// The kernels. Each is called by the orchestrator with one tile and starts its work on all workers; the output tile is
// complete when they are joined, and until then the arguments must stay. Tiles lie in L1, dense in their own size:
// rows x columns x channels, channels innermost.
#ifndef ARES_KERNELS_H
#define ARES_KERNELS_H

#include <stdint.h>

#include "kernels/ares_requant.h"

// What the workers divide among themselves.
typedef enum { ARES_ROWS, ARES_PIXELS, ARES_CHANNELS_OUT } ares_parallel;

// gemm: the input of a pixel is one run of bytes as it lies. im2col: each worker first gathers the windows of its
// pixels into scratch rows. slide: walks the rows of the window where they lie.
typedef enum { ARES_GEMM, ARES_IM2COL, ARES_SLIDE } ares_style;

enum { ARES_BLOCK_MAX = 8 };

// `channels` x `pixels` accumulators are kept in registers, at most ARES_BLOCK_MAX each.
typedef struct {
  ares_style style;
  int32_t channels, pixels;
} ares_blocking;

typedef struct {
  int32_t kh, kw;  // rows, columns of the window
  int32_t sh, sw;  // stride
  int32_t dh, dw;  // dilation
} ares_window;

// Rows and columns of the input tile that lie outside of the tensor; the kernel fills them.
typedef struct {
  int32_t top, left, bottom, right;
} ares_padding;

// u8 input, s8 weights [channels][channel_bytes] (kh x kw x in_channels innermost, zeros behind), one parameter
// record per output channel. The input tile includes its padding.
typedef struct {
  uint8_t* in;
  const int8_t* weights;
  ares_params params;
  void* out;
  uint8_t* scratch;  // im2col: scratch_pitch bytes per worker, a row of channel_bytes for each of scratch_pixels pixels
  int32_t scratch_pitch, scratch_pixels;
  int32_t in_rows, in_columns, in_channels;
  ares_padding padding;
  uint8_t padding_value;
  int32_t rows, columns, channels;  // of the output tile
  int32_t channel_bytes;
  ares_window window;
  ares_blocking blocking;
  ares_parallel parallel;
  ares_requant requant;
} ares_conv_args;

void ares_conv(const ares_conv_args* a);

// One filter per channel: u8 input and output with the same channels, s8 weights [channels][channel_bytes] (kh x kw,
// zeros behind). The input tile includes its padding. Both tiles may have more channels, which others compute. Then the
// input tile may lie without padding: workers copy their channels to where there is room for it.
typedef struct {
  uint8_t* in;
  const int8_t* weights;
  ares_params params;
  void* out;
  int32_t in_rows, in_columns;
  ares_padding padding;
  uint8_t padding_value;
  int32_t rows, columns, channels;  // of the output tile
  int32_t in_pitch, out_pitch;      // elements from one pixel of the tiles to the next
  uint8_t* padded;                  // in_rows x in_columns x channels; NULL: the input tile includes its padding
  int32_t channel_bytes;
  ares_window window;
  ares_parallel parallel;
  ares_requant requant;
} ares_depthwise_args;

void ares_depthwise(const ares_depthwise_args* a);

// Tokens x features. Where the reduction is split, `sums` holds tokens x channels accumulators from the first step to
// the last, which alone writes the output.
typedef struct {
  const uint8_t* in;
  const int8_t* weights;
  ares_params params;
  void* out;
  int32_t* sums;        // NULL: the reduction is not split
  int32_t first, last;  // this is the first, the last step of the reduction
  int32_t tokens, channels;
  int32_t reduction;      // input features of this step
  int32_t in_pitch;       // bytes from one token to the next
  int32_t channel_bytes;  // bytes from one output feature's weights to the next
  ares_blocking blocking;
  ares_parallel parallel;
  ares_requant requant;
} ares_linear_args;

void ares_linear(const ares_linear_args* a);

// Maximum of stored values; padding never wins.
typedef struct {
  uint8_t* in;
  uint8_t* out;
  int32_t in_columns, in_rows;
  ares_padding padding;
  int32_t rows, columns, channels;
  ares_window window;
  ares_parallel parallel;
} ares_max_pool_args;

void ares_max_pool(const ares_max_pool_args* a);

// Sum of the stored values that lie inside the tensor, requantised. params: element n - 1 for n such positions, or one
// element where every window lies inside. Padding is not read.
typedef struct {
  const uint8_t* in;  // u8, or s16 where in_type says so
  const ares_channel_params* params;
  uint8_t* out;
  ares_type in_type;
  int32_t in_columns, in_rows;
  ares_padding padding;
  int32_t counts;  // elements of params
  int32_t rows, columns, channels;
  ares_window window;
  ares_parallel parallel;
  ares_requant requant;
} ares_average_pool_args;

void ares_average_pool(const ares_average_pool_args* a);

// out[i] = map[in[i]]
typedef struct {
  const uint8_t* in;
  const uint8_t* map;
  uint8_t* out;
  int32_t bytes;
} ares_table_args;

void ares_table(const ares_table_args* a);

// A function of 16-bit elements by 512 straight segments: u = in + 32768, i = u >> 7, r = u & 127,
// out = clip((points[i] + ((points[i + 1] - points[i]) * r >> 7) + 2048) >> 12).
typedef struct {
  int32_t points[513];
  int32_t lo, hi;
} ares_curve_table;

typedef struct {
  const int16_t* in;
  const ares_curve_table* curve;
  uint8_t* out;
  int32_t elements;
} ares_curve_args;

void ares_curve(const ares_curve_args* a);

// Sum of two inputs: clip((a * params[0].m + b * params[1].m + params[0].B) >> shift). `rows` rows of `elements`;
// the second input is one row, the same for all. The first may be looked up before, byte by byte.
typedef struct {
  const void* a;
  const void* b;
  const uint8_t* map;  // NULL: `a` as it is
  const ares_channel_params* params;
  void* out;
  ares_type a_type, b_type;
  int32_t rows, elements;
  ares_parallel parallel;
  ares_requant requant;
} ares_add_args;

void ares_add(const ares_add_args* a);

// Product of two inputs, (a - zero_a) * (b - zero_b) requantised.
typedef struct {
  ares_channel_params requant;
  int32_t zero_a, zero_b;
} ares_product_params;

typedef struct {
  const uint8_t* a;
  const uint8_t* b;
  const ares_product_params* params;
  uint8_t* out;
  int32_t rows, elements;
  ares_parallel parallel;
  ares_requant requant;
} ares_multiply_args;

void ares_multiply(const ares_multiply_args* a);

// Product of two activations, head by head. a: [sequences][rows][heads][depth]. b: [sequences][depth][heads][columns],
// transposed [sequences][columns][heads][depth]. out: [sequences][rows][heads][columns].
typedef struct {
  const uint8_t* a;
  const uint8_t* b;
  const ares_product_params* params;
  void* out;
  uint8_t* scratch;  // per sequence and head columns x (8 bytes + depth in whole words): the second input made ready
  int32_t prepare;   // the second input is not the previous call's
  int32_t sequences, rows, heads, depth, columns;
  int32_t transposed;
  ares_requant requant;
} ares_matmul_args;

void ares_matmul(const ares_matmul_args* a);

// Normalisation of sets of `count` elements: core/arithmetic/norm.hpp has the formula.
typedef struct {
  int32_t count, zero, fraction;
  uint32_t epsilon_low, epsilon_high;
  int32_t headroom;
  int32_t shift;     // of a narrow norm; 0: wide
  uint32_t inverse;  // narrow: of count
} ares_norm_terms;

// `rows` rows of `sets` times `width` channels. A set is `width` neighbouring channels of one row, or of all rows.
typedef struct {
  const void* in;
  const ares_norm_terms* terms;
  const ares_channel_params* params;  // per channel of the tile
  void* out;
  ares_type in_type;
  int32_t rows, sets, width;
  int32_t centred, across;  // a mean is taken off; a set spans all rows
  ares_requant requant;
} ares_norm_args;

void ares_norm(const ares_norm_args* a);

// Softmax of `rows` rows of `columns`: core/arithmetic/softmax.hpp has the formula and the table, 256 entries for u8
// and 512 for s16.
typedef struct {
  uint32_t factor;
  int32_t shift, most, zero;
} ares_softmax_terms;

typedef struct {
  const void* in;
  const uint16_t* table;
  const ares_softmax_terms* terms;
  void* out;
  ares_type in_type;
  int32_t rows, columns;
  ares_requant requant;
} ares_softmax_args;

void ares_softmax(const ares_softmax_args* a);

// A segment of exp(-v).
typedef struct {
  uint32_t value, slope;
} ares_scan_line;

// What all channels of a selective scan share: core/arithmetic/scan.hpp has the formula.
typedef struct {
  ares_channel_params requant;
  int32_t zero_x, zero_b, zero_c;
  int32_t input_shift, state_shift;
  int32_t stays_in_table;  // no sum of logarithms is beyond the last line
  struct {
    int32_t log, input;
  } steps[256];  // per stored delta
  ares_scan_line decay[513];
} ares_scan_params;

// Selective scan over `steps` rows of `channels`. bc: a row of B and then C per step. rates: a record of `states`
// logarithms and a skip weight per channel. `state` keeps the states, `first` clears them.
typedef struct {
  const uint8_t* x;
  const uint8_t* delta;
  const uint8_t* bc;
  const int32_t* rates;
  const ares_scan_params* params;
  int32_t* state;  // behind the states: scratch, 16 bytes per step and four states
  uint8_t* out;
  int32_t first;
  int32_t steps, channels, states;
  ares_requant requant;
} ares_scan_args;

void ares_scan(const ares_scan_args* a);

// Rows times 16-bit coefficients: out[row][o] = requantise(sum over n of in[row][n] * coefficients[o][n]).
typedef struct {
  const uint8_t* in;
  const int16_t* coefficients;        // `row` elements from one output to the next
  const ares_channel_params* params;  // per output of the tile
  uint8_t* out;
  int32_t rows, columns, outputs, row;
  ares_parallel parallel;
  ares_requant requant;
} ares_transform_args;

void ares_transform(const ares_transform_args* a);

// Rotary embedding of `rows` rows of `heads` times `depth`: a pair (a, b) becomes (a cos - b sin, b cos + a sin), zero
// points apart. A pair is element i of a head's first half and of its second; neighbours where it is interleaved.
typedef struct {
  const uint8_t* in;
  const int16_t* factors;             // per row depth / 2 times cosine and sine
  const ares_product_params* params;  // zero_a: the input's
  uint8_t* out;
  int32_t rows, heads, depth;
  int32_t interleaved;
  ares_parallel parallel;
  ares_requant requant;
} ares_rotary_args;

void ares_rotary(const ares_rotary_args* a);

// Rows of a table, [..][columns], by their numbers.
typedef struct {
  const void* numbers;
  const uint8_t* table;
  uint8_t* out;
  ares_type type;  // of the numbers
  int32_t rows, columns;
  ares_parallel parallel;
} ares_lookup_args;

void ares_lookup(const ares_lookup_args* a);

// Moves a box. Output axis i (rows, columns, channels) follows axis source[i] of the input tile: output position p
// reads input position p / repeat[i] * step[i], counted from the end where the step is negative, through `map` where
// there is one.
typedef struct {
  uint8_t* in;
  const uint8_t* map;  // NULL: as it is
  uint8_t* out;
  int32_t in_rows, in_columns, in_channels;
  ares_padding padding;
  int32_t outside;  // the whole input tile is padding
  uint8_t padding_value;
  int32_t rows, columns, channels;  // of the output tile
  int32_t repeat[3], source[3], step[3];
  ares_parallel parallel;
} ares_rearrange_args;

void ares_rearrange(const ares_rearrange_args* a);

#endif
