// Tiles: what the generated groups are written in. A group walks its tile loops and, for each operand, issues loads
// some instances ahead of their use, waits for them, runs a kernel and issues the store of the result.
//
// The same walk as core/tile/walker.hpp, step by step; with ARES_TRACE defined each step is printed, so that a test
// compares the two.
#ifndef ARES_TILE_H
#define ARES_TILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hal/ares_hal.h"
#include "kernels/ares_kernels.h"
#include "tile/ares_perf.h"

enum { ARES_MAX_LOOPS = 6, ARES_MAX_COPIES = 3 };

// No loop: the dimension is not tiled, or the loop has no parent.
enum { ARES_NONE = -1 };

// ---- loops ----

// Covers `extent` units in steps of `tile`, the last one may be shorter. With a parent it covers the parent's current
// step instead.
typedef struct {
  int32_t parent, extent, tile;
} ares_loop;

// Where a loop stands: iteration, and the units it covers.
typedef struct {
  int32_t index, begin, size;
  bool last;
} ares_position;

// The loops of a group and where they stand.
typedef struct {
  ares_loop loops[ARES_MAX_LOOPS];
  ares_position at[ARES_MAX_LOOPS];
} ares_nest;

// Puts a loop at iteration `index`; its parent must have been put before.
void ares_loop_enter(ares_nest* nest, int32_t loop, int32_t index);

// Iterations of a loop with a parent.
int32_t ares_loop_trips(const ares_nest* nest, int32_t loop);

// ---- regions ----

// One dimension of a box of a tensor: it begins at begin * scale + offset and is (units - 1) * scale + halo long, where
// begin and units are those of the loop, or 0 and `units`. What lies outside of [0, extent) is padding.
typedef struct {
  int32_t loop, units;
  int32_t extent, scale, offset, halo;
} ares_region_dim;

// Outermost dimension first, the last one in bytes; `pitch` are the bytes between neighbours along dim[0] and dim[1].
// Compact: L1 holds rows without the padding between them, from where the padding before the box ends.
typedef struct {
  ares_region_dim dim[3];
  int32_t pitch[2];
  bool compact;
} ares_region;

// A region at a position: the part inside the tensor, and the padding around it.
typedef struct {
  int32_t begin[3], size[3], before[3], after[3];
} ares_box;

// Dimensions without a loop are the same at all positions: they must be in the box already.
void ares_resolve(const ares_region* region, const ares_position* at, ares_box* box);

// Size of a dimension with its padding.
static inline int32_t ares_padded(const ares_box* box, int32_t dim) {
  return box->before[dim] + box->size[dim] + box->after[dim];
}

// Padding of a tile whose dimensions are rows and columns.
static inline ares_padding ares_padding_of(const ares_box* box) {
  const ares_padding p = {box->before[0], box->before[1], box->after[0], box->after[1]};
  return p;
}

// ---- transfers ----

// `copies` slots of a tile, `pitch` bytes apart, the first at `offset` of L1 (of L2 for what streams from L3).
typedef struct {
  uint32_t offset, pitch;
  int32_t copies;
} ares_buffer;

// A copy of the tile program. `far`: where the operand begins, in bytes of L2 or of the L3 image.
typedef struct {
  int32_t operation;  // number in the tile program
  ares_channel channel;
  int32_t depth;  // loops that enclose it
  ares_buffer buffer;
  uint32_t far;
  ares_region region;
} ares_transfer;

// How a box is copied: `commands` of them, the next one further on by a step at either end.
typedef struct {
  int32_t commands;
  uint32_t near_step, far_step;
  ares_command command;
} ares_cut;

// A load at work: its own odometer over the loops runs ahead of the group's. What its next instance takes is prepared
// while kernels run; for the first one the generated code has it. Fields that are not named in the generated code begin
// at 0.
typedef struct ares_load {
  ares_transfer transfer;
  struct ares_load* staged;             // the load that fills the L2 buffer this one reads, or NULL
  ares_box* boxes;                      // the box in each slot, or NULL where no kernel asks
  ares_box box;                         // of the next instance
  ares_position at[ARES_MAX_LOOPS];     // of the next instance
  int32_t entered[ARES_MAX_LOOPS + 1];  // iterations begun at each depth, less one
  ares_cut next;                        // valid where `ready`
  bool ready, done;
  int32_t issued, waited;
  int32_t next_slot;  // of the next instance
  int32_t complete;   // loads into L2: instances known to be complete
  int32_t slot;       // of the instance last waited for; begins at -1
  ares_ticket tickets[ARES_MAX_COPIES];
} ares_load;

// Prepares the next instance, if one is left.
void ares_load_prepare(const ares_nest* nest, ares_load* load);

// Starts the next instance, if one is left.
void ares_load_issue(const ares_nest* nest, ares_load* load);

// Waits for the instance that the loops have reached.
void ares_load_wait(ares_load* load);

// Waits for this instance, where that has not been done.
void ares_load_reach(ares_load* load, int32_t instance);

// Bytes of L1 that hold the instance last waited for.
static inline uint8_t* ares_load_tile(const ares_load* load) {
  return ares_l1() + load->transfer.buffer.offset + (uint32_t)load->slot * load->transfer.buffer.pitch;
}

// The box of that instance.
static inline const ares_box* ares_load_box(const ares_load* load) { return &load->boxes[load->slot]; }

// Starts loads of the next group: the first instances, as they were cut.
enum { ARES_MAX_EARLY = 8 };
void ares_early_issue(const ares_cut* cuts, int32_t count);

// The next group takes over what the `index`-th of these cuts has started.
void ares_early_take(ares_load* load, int32_t index);

// A copy that takes place once in its group, of a tile that has its place to itself: the generated code knows all of
// it. `early`: 1 + the number of the cut with which the group before has started it, or 0.
typedef struct {
  int32_t operation;  // number in the tile program
  ares_channel channel;
  int16_t early;
  bool complete;
  ares_ticket ticket;
  ares_cut cut;
} ares_once;

void ares_once_issue(ares_once* once);

// Waits for it, where that has not been done.
void ares_once_wait(ares_once* once);

// A store that goes on when its group ends; the next group waits for it before its own end.
void ares_late(const ares_once* once);
void ares_late_wait(void);

// A kernel or job that runs an instance ahead of the loops: its own odometer, and the tiles that it hands over. Fields
// that are not named in the generated code begin at 0.
typedef struct {
  ares_buffer buffer;  // of its output
  int32_t depth;
  ares_position at[ARES_MAX_LOOPS];     // of the next instance
  int32_t entered[ARES_MAX_LOOPS + 1];  // iterations begun at each depth, less one
  int32_t slot;                         // that the next instance writes
  int32_t to_take, taken;               // slots that the loops take over next, and took over last
  bool done;
} ares_ahead;

// The next instance has begun: on to the one after.
void ares_ahead_advance(const ares_nest* nest, ares_ahead* ahead);

// The loops have come to the next instance's result.
void ares_ahead_take(ares_ahead* ahead);

// Bytes of L1 that the next instance writes.
static inline uint8_t* ares_ahead_next(const ares_ahead* ahead) {
  return ares_l1() + ahead->buffer.offset + (uint32_t)ahead->slot * ahead->buffer.pitch;
}

// Bytes of L1 that the loops took over last.
static inline uint8_t* ares_ahead_tile(const ares_ahead* ahead) {
  return ares_l1() + ahead->buffer.offset + (uint32_t)ahead->taken * ahead->buffer.pitch;
}

// A store at work.
typedef struct {
  ares_transfer transfer;
  ares_box box;
  ares_cut next;
  int32_t issued;
  int32_t slot;  // that is written next
  ares_ticket tickets[ARES_MAX_COPIES];
} ares_store;

// Waits until the slot that is written next is free.
void ares_store_wait(ares_store* store);

// Prepares the store of this slot at the loops' position.
void ares_store_prepare(const ares_nest* nest, ares_store* store);

// Starts the prepared store.
void ares_store_issue(const ares_nest* nest, ares_store* store);

// Waits for all outstanding instances.
void ares_store_drain(ares_store* store);

// Bytes of L1 of the slot that is written next.
static inline uint8_t* ares_store_tile(const ares_store* store) {
  return ares_l1() + store->transfer.buffer.offset + (uint32_t)store->slot * store->transfer.buffer.pitch;
}

#endif
