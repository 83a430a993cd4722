#include "tile/ares_tile.h"

#include "tile/ares_kernel.h"

// ---- loops ----

static int32_t extent_of(const ares_loop* loops, int32_t loop, const ares_position* at) {
  const ares_loop* const l = &loops[loop];
  return l->parent == ARES_NONE ? l->extent : at[l->parent].size;
}

static void enter(const ares_loop* loops, int32_t loop, int32_t index, ares_position* at) {
  const ares_loop* const l = &loops[loop];
  const int32_t base = l->parent == ARES_NONE ? 0 : at[l->parent].begin;
  const int32_t from = index * l->tile, left = extent_of(loops, loop, at) - from;
  at[loop].index = index;
  at[loop].begin = base + from;
  at[loop].size = left < l->tile ? left : l->tile;
  at[loop].last = left <= l->tile;
}

void ares_loop_enter(ares_nest* nest, int32_t loop, int32_t index) { enter(nest->loops, loop, index, nest->at); }

int32_t ares_loop_trips(const ares_nest* nest, int32_t loop) {
  const int32_t tile = nest->loops[loop].tile;
  return (extent_of(nest->loops, loop, nest->at) + tile - 1) / tile;
}

// ---- regions ----

static int32_t clamp(int32_t value, int32_t low, int32_t high) {
  return value < low ? low : value > high ? high : value;
}

void ares_resolve(const ares_region* region, const ares_position* at, ares_box* box) {
  for (int i = 0; i < 3; ++i) {
    const ares_region_dim* const d = &region->dim[i];
    if (d->loop == ARES_NONE) continue;
    const int32_t from = at[d->loop].begin * d->scale + d->offset;
    const int32_t to = from + (at[d->loop].size - 1) * d->scale + d->halo;
    const int32_t begin = clamp(from, 0, d->extent);
    box->begin[i] = begin;
    box->size[i] = clamp(to, begin, d->extent) - begin;
    box->before[i] = from < 0 ? (to < 0 ? to : 0) - from : 0;
    box->after[i] = to > d->extent ? to - (from > d->extent ? from : d->extent) : 0;
  }
}

static uint32_t offset_in(const ares_region* region, const ares_box* box) {
  return (uint32_t)(box->begin[0] * region->pitch[0] + box->begin[1] * region->pitch[1] + box->begin[2]);
}

// How a box is copied whose dense near tile, padding included, begins at `near`. Dimensions that are contiguous on both
// sides merge. Within one command the near side is dense, so a box with padding between its rows takes one command per
// row.
static void cut_box(const ares_region* region, const ares_box* box, uint32_t near, uint32_t far, ares_cut* c) {
  const int32_t rows = box->size[0], columns = box->size[1], bytes = box->size[2];
  if (rows <= 0 || columns <= 0 || bytes <= 0) {
    c->commands = 0;
    return;
  }
  const bool padded = !region->compact && box->before[1] + box->after[1] > 0;
  const int32_t near_row = (region->compact ? columns : ares_padded(box, 1)) * ares_padded(box, 2);
  c->near_step = (uint32_t)near_row;
  c->far_step = (uint32_t)region->pitch[0];
  ares_command* const command = &c->command;
  command->near = near + (uint32_t)(box->before[0] * near_row + box->before[1] * ares_padded(box, 2));
  command->far = far;
  c->commands = rows;
  command->rows = columns;
  command->row_bytes = bytes;
  command->far_pitch = region->pitch[1];
  if (columns == 1 || bytes == region->pitch[1]) {
    command->row_bytes = columns * bytes;
    command->rows = 1;
    if (rows == 1 || (command->row_bytes == region->pitch[0] && !padded)) {
      c->commands = 1;
      command->row_bytes *= rows;
    } else if (!padded) {
      c->commands = 1;
      command->rows = rows;
      command->far_pitch = region->pitch[0];
    }
  } else if (rows == 1 || (columns * region->pitch[1] == region->pitch[0] && !padded)) {
    c->commands = 1;
    command->rows = rows * columns;
  }
}

static uint32_t slot_offset(const ares_buffer* buffer, int32_t slot) {
  return buffer->offset + (uint32_t)slot * buffer->pitch;
}

// Starts what is prepared.
static void start(ares_channel channel, const ares_cut* cut, ares_ticket* ticket) {
  if (cut->commands == 0) return;
  ares_trace_copy(cut->commands, &cut->command);
  if (cut->commands == 1) {
    ares_copy(channel, &cut->command, ticket);
  } else {
    ares_copies(channel, &cut->command, cut->commands, cut->near_step, cut->far_step, ticket);
  }
}

static int32_t next_slot(const ares_buffer* buffer, int32_t slot) { return slot + 1 == buffer->copies ? 0 : slot + 1; }

// ---- loads ----

// To the next iteration of the `depth` enclosing loops; false behind the last one.
static bool advance(const ares_nest* nest, int32_t depth, ares_position* at, int32_t* entered) {
  int32_t i = depth;
  while (i > 0 && at[i - 1].last) --i;
  if (i == 0) return false;
  enter(nest->loops, i - 1, at[i - 1].index + 1, at);
  for (int32_t j = i; j < depth; ++j) enter(nest->loops, j, 0, at);
  for (int32_t d = i; d <= depth; ++d) ++entered[d];
  return true;
}

// The L2 chunk that the next instance reads, and its slot.
static int32_t chunk_of(const ares_load* load) { return load->entered[load->staged->transfer.depth]; }
static int32_t chunk_slot(const ares_load* load) { return chunk_of(load) % load->staged->transfer.buffer.copies; }

// Where the instance at the odometer's position begins in the chunk.
static uint32_t far_in_chunk(const ares_load* load) {
  const ares_transfer* const chunk = &load->staged->transfer;
  ares_box whole = load->staged->box;
  ares_resolve(&chunk->region, load->at, &whole);
  return slot_offset(&chunk->buffer, chunk_slot(load)) + offset_in(&load->transfer.region, &load->box) -
         offset_in(&chunk->region, &whole);
}

void ares_load_prepare(const ares_nest* nest, ares_load* load) {
  if (load->ready || load->done) return;
  const ares_transfer* const t = &load->transfer;
  load->done = !advance(nest, t->depth, load->at, load->entered);
  if (load->done) return;
  ares_resolve(&t->region, load->at, &load->box);
  const uint32_t far = load->staged == NULL ? t->far + offset_in(&t->region, &load->box) : far_in_chunk(load);
  cut_box(&t->region, &load->box, slot_offset(&t->buffer, load->next_slot), far, &load->next);
  load->ready = true;
}

static void wait_for_instance(ares_load* load, int32_t instance, int32_t slot) {
  ares_trace_wait(&load->transfer, instance);
  ares_wait(&load->tickets[slot]);
  load->complete = instance + 1;
}

void ares_load_issue(const ares_nest* nest, ares_load* load) {
  const ares_ticks since = ares_perf_now();
  ares_load_prepare(nest, load);
  if (!load->done) {
    int32_t staged_slot = 0;
    if (load->staged != NULL) {
      staged_slot = chunk_slot(load);
      if (load->staged->complete <= chunk_of(load)) wait_for_instance(load->staged, chunk_of(load), staged_slot);
    }
    const int32_t slot = load->next_slot;
    if (load->boxes != NULL) load->boxes[slot] = load->box;
    ares_trace_issue(&load->transfer, load->issued, slot, staged_slot, load->at);
    start(load->transfer.channel, &load->next, &load->tickets[slot]);
    load->next_slot = next_slot(&load->transfer.buffer, slot);
    load->ready = false;
    ++load->issued;
  }
  ares_perf_load(since);
}

void ares_load_wait(ares_load* load) {
  const ares_ticks since = ares_perf_now();
  load->slot = next_slot(&load->transfer.buffer, load->slot);
  const int32_t instance = load->waited++;
  if (load->complete <= instance) wait_for_instance(load, instance, load->slot);
  ares_perf_load(since);
}

// ---- early loads ----

static ares_ticket early[ARES_MAX_EARLY];

void ares_early_issue(const ares_cut* cuts, int32_t count) {
  for (int32_t i = 0; i < count; ++i) {
    start(ARES_L2_TO_L1, &cuts[i], &early[i]);
  }
}

void ares_early_take(ares_load* load, int32_t index) {
  const ares_ticket none = {0};
  load->tickets[0] = early[index];
  early[index] = none;
  if (load->boxes != NULL) load->boxes[0] = load->box;
}

void ares_once_issue(ares_once* once) {
  const ares_ticks since = ares_perf_now();
  ares_trace_once(once->operation);
  start(once->channel, &once->cut, &once->ticket);
  once->channel == ARES_L1_TO_L2 ? ares_perf_store(since) : ares_perf_load(since);
}

void ares_once_wait(ares_once* once) {
  if (once->complete) return;
  const ares_ticks since = ares_perf_now();
  once->complete = true;
  ares_trace_wait_for(once->operation, 0);
  ares_wait(once->early == 0 ? &once->ticket : &early[once->early - 1]);
  once->channel == ARES_L1_TO_L2 ? ares_perf_store(since) : ares_perf_load(since);
}

static ares_ticket late;

void ares_late(const ares_once* once) { late = once->ticket; }

void ares_late_wait(void) {
  const ares_ticks since = ares_perf_now();
  ares_wait(&late);
  ares_perf_store(since);
}

void ares_load_reach(ares_load* load, int32_t instance) {
  load->slot = instance % load->transfer.buffer.copies;
  if (load->complete > instance) return;
  const ares_ticks since = ares_perf_now();
  wait_for_instance(load, instance, load->slot);
  ares_perf_load(since);
}

// ---- what runs ahead ----

void ares_ahead_advance(const ares_nest* nest, ares_ahead* ahead) {
  ahead->slot = next_slot(&ahead->buffer, ahead->slot);
  ahead->done = !advance(nest, ahead->depth, ahead->at, ahead->entered);
}

void ares_ahead_take(ares_ahead* ahead) {
  ahead->taken = ahead->to_take;
  ahead->to_take = next_slot(&ahead->buffer, ahead->to_take);
}

// ---- stores ----

void ares_store_wait(ares_store* store) {
  const int32_t instance = store->issued - store->transfer.buffer.copies;
  if (instance < 0) return;
  const ares_ticks since = ares_perf_now();
  ares_trace_wait(&store->transfer, instance);
  ares_wait(&store->tickets[store->slot]);
  ares_perf_store(since);
}

void ares_store_prepare(const ares_nest* nest, ares_store* store) {
  const ares_transfer* const t = &store->transfer;
  ares_resolve(&t->region, nest->at, &store->box);
  cut_box(&t->region, &store->box, slot_offset(&t->buffer, store->slot), t->far + offset_in(&t->region, &store->box),
          &store->next);
}

void ares_store_issue(const ares_nest* nest, ares_store* store) {
  const ares_ticks since = ares_perf_now();
  const int32_t slot = store->slot;
  ares_trace_issue(&store->transfer, store->issued, slot, 0, nest->at);
  start(store->transfer.channel, &store->next, &store->tickets[slot]);
  store->slot = next_slot(&store->transfer.buffer, slot);
  ++store->issued;
  ares_perf_store(since);
}

void ares_store_drain(ares_store* store) {
  if (store->issued == 0) return;
  const ares_ticks since = ares_perf_now();
  ares_trace_wait(&store->transfer, store->issued - 1);
  for (int32_t slot = 0; slot < store->transfer.buffer.copies; ++slot) ares_wait(&store->tickets[slot]);
  ares_perf_store(since);
}
