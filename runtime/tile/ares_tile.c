#include "tile/ares_tile.h"

#include "tile/ares_perf.h"
#include "tile/ares_trace.h"

// ---- loops ----

static int32_t extent_of(const ares_loop* loops, int32_t loop, const ares_position* at) {
  const ares_loop* const l = &loops[loop];
  return l->parent == ARES_NONE ? l->extent : at[l->parent].size;
}

void ares_loop_enter(const ares_loop* loops, int32_t loop, int32_t index, ares_position* at) {
  const ares_loop* const l = &loops[loop];
  const int32_t base = l->parent == ARES_NONE ? 0 : at[l->parent].begin;
  const int32_t from = index * l->tile, left = extent_of(loops, loop, at) - from;
  const ares_position here = {index, base + from, left < l->tile ? left : l->tile, left <= l->tile};
  at[loop] = here;
}

int32_t ares_loop_trips(const ares_loop* loops, int32_t loop, const ares_position* at) {
  return (extent_of(loops, loop, at) + loops[loop].tile - 1) / loops[loop].tile;
}

// ---- regions ----

static int32_t clamp(int32_t value, int32_t low, int32_t high) {
  return value < low ? low : value > high ? high : value;
}

ares_box ares_resolve(const ares_region* region, const ares_position* at) {
  ares_box box;
  for (int i = 0; i < 3; ++i) {
    const ares_region_dim* const d = &region->dim[i];
    const int32_t units = d->loop == ARES_NONE ? d->units : at[d->loop].size;
    const int32_t from = (d->loop == ARES_NONE ? 0 : at[d->loop].begin) * d->scale + d->offset;
    const int32_t to = from + (units - 1) * d->scale + d->halo;
    box.begin[i] = clamp(from, 0, d->extent);
    box.size[i] = clamp(to, box.begin[i], d->extent) - box.begin[i];
    box.before[i] = from < 0 ? (to < 0 ? to : 0) - from : 0;
    box.after[i] = to > d->extent ? to - (from > d->extent ? from : d->extent) : 0;
  }
  return box;
}

static uint32_t offset_in(const ares_region* region, const ares_box* box) {
  return (uint32_t)(box->begin[0] * region->pitch[0] + box->begin[1] * region->pitch[1] + box->begin[2]);
}

// How a box is cut: `commands` of them, each `rows` rows of `row_bytes`.
typedef struct {
  int32_t commands, rows, row_bytes, far_pitch;
} cut;

// Dimensions that are contiguous on both sides merge. Within one command the near side is dense, so a box with padding
// between its rows takes one command per row.
static cut cut_box(const ares_region* region, const ares_box* box) {
  const int32_t rows = box->size[0], columns = box->size[1], bytes = box->size[2];
  const bool padded = box->before[1] + box->after[1] > 0;
  cut c = {rows, columns, bytes, region->pitch[1]};
  if (columns == 1 || bytes == region->pitch[1]) {
    c.row_bytes = columns * bytes;
    c.rows = 1;
    if (rows == 1 || (c.row_bytes == region->pitch[0] && !padded)) {
      c.commands = 1;
      c.row_bytes *= rows;
    } else if (!padded) {
      c.commands = 1;
      c.rows = rows;
      c.far_pitch = region->pitch[0];
    }
  } else if (rows == 1 || (columns * region->pitch[1] == region->pitch[0] && !padded)) {
    c.commands = 1;
    c.rows = rows * columns;
  }
  return c;
}

// Starts the commands of a box whose dense near tile, padding included, begins at `near`.
static void copy_box(const ares_transfer* t, const ares_box* box, uint32_t near, uint32_t far, ares_ticket* ticket) {
  if (box->size[0] <= 0 || box->size[1] <= 0 || box->size[2] <= 0) return;
  const cut c = cut_box(&t->region, box);
  const int32_t near_row = ares_padded(box, 1) * ares_padded(box, 2);
  ares_command command = {near + (uint32_t)(box->before[0] * near_row + box->before[1] * ares_padded(box, 2)), far,
                          c.rows, c.row_bytes, c.far_pitch};
  ares_trace_copy(c.commands, &command);
  for (int32_t i = 0; i < c.commands; ++i) {
    ares_copy(t->channel, &command, ticket);
    command.near += (uint32_t)near_row;
    command.far += (uint32_t)t->region.pitch[0];
  }
}

static uint32_t slot_offset(const ares_buffer* buffer, int32_t slot) {
  return buffer->offset + (uint32_t)slot * buffer->pitch;
}

// ---- loads ----

// Sets what is used and no more: a group of one tile has little else to do.
void ares_load_begin(ares_load* load, const ares_transfer* transfer, ares_load* staged) {
  const ares_ticket none = {0};
  load->copy = *transfer;
  load->transfer = &load->copy;
  load->staged = staged;
  load->issued = load->waited = load->complete = load->slot = 0;
  load->done = false;
  load->entered[0] = 0;
  for (int32_t i = 0; i < transfer->depth; ++i) {
    load->entered[i + 1] = 0;
    ares_loop_enter(transfer->loops, i, 0, load->at);
  }
  for (int32_t slot = 0; slot < transfer->buffer.copies; ++slot) load->tickets[slot] = none;
}

// To the next iteration of the enclosing loops.
static void advance(ares_load* load) {
  const ares_loop* const loops = load->transfer->loops;
  const int32_t depth = load->transfer->depth;
  ++load->issued;
  int32_t i = depth;
  while (i > 0 && load->at[i - 1].last) --i;
  if (i == 0) {
    load->done = true;
    return;
  }
  ares_loop_enter(loops, i - 1, load->at[i - 1].index + 1, load->at);
  for (int32_t j = i; j < depth; ++j) ares_loop_enter(loops, j, 0, load->at);
  for (int32_t d = i; d <= depth; ++d) ++load->entered[d];
}

static void wait_for_instance(ares_load* load, int32_t instance) {
  ares_trace_wait(load->transfer, instance);
  ares_wait(&load->tickets[instance % load->transfer->buffer.copies]);
}

// Waits for the L2 chunk that the next instance reads; its slot.
static int32_t wait_for_chunk(ares_load* chunk, int32_t needed) {
  if (chunk->complete <= needed) {
    wait_for_instance(chunk, needed);
    chunk->complete = needed + 1;
  }
  return needed % chunk->transfer->buffer.copies;
}

void ares_load_issue(ares_load* load) {
  if (load->done) return;
  const uint64_t since = ares_perf_now();
  const ares_transfer* const t = load->transfer;
  const ares_box box = ares_resolve(&t->region, load->at);
  uint32_t far = t->far + offset_in(&t->region, &box);
  int32_t staged_slot = 0;
  if (load->staged != NULL) {
    const ares_transfer* const chunk = load->staged->transfer;
    staged_slot = wait_for_chunk(load->staged, load->entered[chunk->depth]);
    const ares_box whole = ares_resolve(&chunk->region, load->at);
    far = slot_offset(&chunk->buffer, staged_slot) + offset_in(&t->region, &box) - offset_in(&chunk->region, &whole);
  }
  const int32_t slot = load->issued % t->buffer.copies;
  ares_trace_issue(t, load->issued, slot, staged_slot, load->at);
  copy_box(t, &box, slot_offset(&t->buffer, slot), far, &load->tickets[slot]);
  advance(load);
  ares_perf_load(since);
}

void ares_load_wait(ares_load* load) {
  const uint64_t since = ares_perf_now();
  const int32_t instance = load->waited++;
  load->slot = instance % load->transfer->buffer.copies;
  if (load->complete <= instance) {
    wait_for_instance(load, instance);
    load->complete = instance + 1;
  }
  ares_perf_load(since);
}

uint8_t* ares_load_tile(const ares_load* load) { return ares_l1() + slot_offset(&load->transfer->buffer, load->slot); }

// ---- stores ----

void ares_store_begin(ares_store* store, const ares_transfer* transfer) {
  const ares_ticket none = {0};
  store->copy = *transfer;
  store->transfer = &store->copy;
  store->issued = 0;
  for (int32_t slot = 0; slot < transfer->buffer.copies; ++slot) store->tickets[slot] = none;
}

void ares_store_wait(ares_store* store) {
  const int32_t copies = store->transfer->buffer.copies;
  if (store->issued < copies) return;
  const uint64_t since = ares_perf_now();
  ares_trace_wait(store->transfer, store->issued - copies);
  ares_wait(&store->tickets[store->issued % copies]);
  ares_perf_store(since);
}

void ares_store_issue(ares_store* store, const ares_position* at) {
  const uint64_t since = ares_perf_now();
  const ares_transfer* const t = store->transfer;
  const ares_box box = ares_resolve(&t->region, at);
  const int32_t slot = store->issued % t->buffer.copies;
  ares_trace_issue(t, store->issued, slot, 0, at);
  copy_box(t, &box, slot_offset(&t->buffer, slot), t->far + offset_in(&t->region, &box), &store->tickets[slot]);
  ++store->issued;
  ares_perf_store(since);
}

void ares_store_drain(ares_store* store) {
  if (store->issued == 0) return;
  const uint64_t since = ares_perf_now();
  ares_trace_wait(store->transfer, store->issued - 1);
  for (int32_t slot = 0; slot < store->transfer->buffer.copies; ++slot) ares_wait(&store->tickets[slot]);
  ares_perf_store(since);
}

uint8_t* ares_store_tile(const ares_store* store) {
  const ares_buffer* const b = &store->transfer->buffer;
  return ares_l1() + slot_offset(b, store->issued % b->copies);
}

// ---- kernels ----

static uint64_t kernel_since;

void ares_kernel_begin(int32_t operation, int32_t depth, const ares_position* at, const void* const* tiles,
                       int32_t count) {
  ares_trace_run(operation, depth, at, tiles, count);
  kernel_since = ares_perf_now();
}

void ares_kernel_end(void) { ares_perf_compute(kernel_since); }
