#include "cost_models/analytical_terms.hpp"

#include <algorithm>
#include <cassert>

#include "cost_models/accelerator_cycles.hpp"
#include "cost_models/dma_cycles.hpp"
#include "cost_models/kernel_cycles.hpp"

namespace ares {

TermsOf::TermsOf(const TileProgram& program, const Target& target, size_t base, int32_t outer)
    : p_(program),
      t_(target),
      base_(base),
      depth_(program.loops.size()),
      in_beat_(1 / target.dma.bytes_per_cycle_in),
      out_beat_(1 / target.dma.bytes_per_cycle_out) {
  set_loops(outer);
  const Kernel* kernel = nullptr;
  const Job* job = nullptr;
  const TileOperation* store = nullptr;
  for (size_t depth = 0; depth <= depth_; ++depth) {
    for (const TileOperation& op : p_.operations) {
      if (op.depth != depth) continue;
      if (const auto* k = std::get_if<Kernel>(&op.what)) kernel = k;
      if (const auto* j = std::get_if<Job>(&op.what)) {
        job = j;
        job_entry_ = job_entry(p_, id_of(op), t_);
      }
      const auto* copy = std::get_if<Copy>(&op.what);
      if (!copy || copy->from == Level::l3) continue;
      if (is_load(*copy)) {
        if (load_count_ == 0 || !join(copies_[load_count_ - 1], op, *copy)) set_copy(copies_[load_count_++], op, *copy);
      } else
        store = &op;
    }
  }
  assert((kernel || job) && store);
  set_copy(copies_[load_count_], *store, std::get<Copy>(store->what));
  for (size_t i = 0; i < load_count_; ++i)
    if (copies_[i].copy->operand == Operand::input && (kernel || job->fill)) set_fill(copies_[i]);
  if (job)
    set_job(*job);
  else
    set_kernel(*kernel);
}

double TermsOf::call() const {
  return job_ ? job_entry_ + job_overhead(*job_, t_) : call_overhead(t_.cores, kernel_->kind);
}

void TermsOf::set_loops(int32_t outer) {
  for (size_t i = 0; i < base_; ++i) loops_[i] = {1, outer, outer, {1, 0, 0}};
  for (size_t i = base_; i < depth_; ++i) {
    const Loop& l = p_.loops[i];
    LoopTerms& m = loops_[i];
    const int32_t extent = l.parent == none ? l.extent : outer;
    m.tile = std::min(l.tile, extent);
    m.trips = trips(extent, m.tile);
    m.rest = extent - (m.trips - 1) * m.tile;
    restrict_loop(i, Part::all);
  }
}

void TermsOf::restrict_loop(size_t i, Part part) {
  LoopTerms& m = loops_[i];
  if (m.trips == 1) {
    m.share = {1, 0, 0};
  } else if (part == Part::last_only) {
    m.share = {0, 0, 1};
  } else {
    const double share = 1.0 / (part == Part::all ? m.trips : m.trips - 1);
    m.share = {share, (m.trips - 2) * share, part == Part::all ? share : 0.0};
  }
}

void TermsOf::set_dim(Dim& m, const RegionDim& d) const {
  const Extent& u = d.units;
  m.entries = 1;
  if (u.loop == none && d.offset == 0) {
    m.loop = none;
    m.size[0] = (u.whole - 1) * u.scale + u.halo;
    m.padded[0] = m.size[0] > d.extent;
    m.full = m.size[0];
    m.size[0] = std::min(m.size[0], d.extent);
    return;
  }
  m.loop = u.loop != none && static_cast<size_t>(u.loop) >= base_ ? u.loop : none;
  const auto place = [&](size_t i, int32_t begin, int32_t units) {
    const int32_t from = begin * u.scale + d.offset, length = (units - 1) * u.scale + u.halo;
    m.size[i] = std::max(std::min(from + length, d.extent) - std::max(from, 0), 0);
    m.padded[i] = m.size[i] < length;
    return length;
  };
  const int32_t length = place(0, 0, u.loop == none ? u.whole : loops_[static_cast<size_t>(u.loop)].tile);
  m.full = length;
  if (m.loop == none) return;
  const LoopTerms& l = loops_[static_cast<size_t>(m.loop)];
  if (l.trips == 1) return;
  const int32_t rest = place(2, (l.trips - 1) * l.tile, l.rest);
  if (m.size[2] == m.size[0] && !m.padded[0] && !m.padded[2]) return;
  m.entries = 2;
  m.full += (rest - length) * l.share[last];
  if (m.padded[0] && l.trips > 2) {
    place(1, l.tile, l.tile);
    m.entries = 3;
  } else {
    m.size[1] = m.size[2];
    m.padded[1] = m.padded[2];
  }
}

/// As dma_shape() and dma_cost() have it.
TermsOf::Line TermsOf::line_of(const Region& r, int32_t columns, int32_t bytes, bool padded, bool into_l1,
                               double issue) const {
  const DmaParams& dma = t_.dma;
  const double beat = into_l1 ? in_beat_ : out_beat_;  // per byte
  const auto row = [&](int32_t n) { return std::max(1.0, n * beat + (n % 8 != 0 ? dma.unaligned_row : 0)); };
  if (columns == 1 || bytes == r.pitch[1]) {
    const int32_t n = columns * bytes;
    if (padded) return {row(n), dma.setup_1d, issue};
    if (n == r.pitch[0]) return {n * beat, 0, issue + dma.setup_1d};
    return {row(n), 0, issue + dma.setup_2d};
  }
  const double occupancy = columns * row(bytes);
  if (!padded && columns * r.pitch[1] == r.pitch[0]) return {occupancy, 0, issue + dma.setup_2d};
  return {occupancy, dma.setup_2d, issue};
}

void TermsOf::set_copy(CopyParts& parts, const TileOperation& op, const Copy& copy) const {
  parts.copy = &copy;
  parts.depth = op.depth;
  parts.commands = 1;
  parts.issue = issue_cycles(p_, id_of(op), t_.dma);
  parts.copies = p_.buffers[static_cast<size_t>(copy.buffer)].copies;
  set_dim(parts.rows, copy.region.dims[0]);
  set_dim(parts.columns, copy.region.dims[1]);
  set_dim(parts.bytes, copy.region.dims[2]);
  const bool load = is_load(copy);
  for (size_t i = 0; i < parts.columns.entries; ++i)
    for (size_t j = 0; j < parts.bytes.entries; ++j)
      parts.lines[i * places + j] = line_of(copy.region, parts.columns.size[i], parts.bytes.size[j],
                                            parts.columns.padded[i] && !copy.region.compact, load, parts.issue);
}

/// Parameters that are loaded right after the weights of the same channels: one more line of the same copy.
bool TermsOf::join(CopyParts& weights, const TileOperation& op, const Copy& copy) const {
  const RegionDim &own = copy.region.dims[0], &other = weights.copy->region.dims[0];
  const uint8_t copies = p_.buffers[static_cast<size_t>(copy.buffer)].copies;
  if (copy.operand != Operand::params || weights.copy->operand != Operand::weights || op.depth != weights.depth ||
      copies != weights.copies || own.units.loop != other.units.loop || own.units.whole != other.units.whole ||
      copy.region.dims[2].units.loop != none)
    return false;
  const Line line = line_of(copy.region, 1, copy.region.dims[2].units.whole, false, true, weights.issue);
  for (size_t i = 0; i < weights.columns.entries; ++i)
    for (size_t j = 0; j < weights.bytes.entries; ++j) {
      weights.lines[i * places + j].occupancy += line.occupancy;
      weights.lines[i * places + j].setup_once += line.setup_once;
    }
  weights.commands = 2;
  return true;
}

/// Mean cycles of filling padding before a kernel call.
void TermsOf::set_fill(const CopyParts& c) {
  const auto padded = [](const Dim& d) { return d.padded[0] || (d.entries > 1 && d.padded[d.entries - 1u]); };
  if (!padded(c.rows) && !padded(c.columns)) return;
  double inside = 1, clear = 1;
  for (const Dim* d : {&c.rows, &c.columns}) {
    ByPlace share{1, 0, 0};
    if (d->entries > 1) share = loops_[static_cast<size_t>(d->loop)].share;
    if (d->entries == 2) share = {share[first] + share[middle], share[last], 0};
    double mean = 0, unpadded = 0;
    for (size_t i = 0; i < d->entries; ++i) {
      mean += share[i] * d->size[i];
      unpadded += d->padded[i] ? 0 : share[i];
    }
    inside *= mean;
    clear *= unpadded;
  }
  const double bytes = c.bytes.full * (c.rows.full * c.columns.full - inside);
  fill_ = padded_byte * bytes / p_.cores + (1 - clear) * (t_.cores.barrier + padded_byte / 2);
}

TermsOf::Side TermsOf::side(const Extent& e) const {
  const auto size = [&](int32_t units) { return (units - 1) * e.scale + e.halo; };
  if (e.loop == none) return {none, {size(e.whole), size(e.whole)}};
  const LoopTerms& l = loops_[static_cast<size_t>(e.loop)];
  if (l.rest == l.tile) return {none, {size(l.tile), size(l.tile)}};
  return {e.loop, {size(l.tile), size(l.rest)}};
}

void TermsOf::set_kernel(const Kernel& k) {
  kernel_ = &k;
  formula_ = KernelFormula(k, t_, p_.cores);
  rows_ = side(k.rows);
  columns_ = side(k.columns);
  channels_ = side(k.channels);
  for (size_t i = 0; i < (rows_.loop == none ? 1 : 2); ++i)
    for (size_t j = 0; j < (columns_.loop == none ? 1 : 2); ++j)
      pixel_shares_[i][j] = formula_.pixel_share(rows_.size[i], columns_.size[j]);
  for (size_t i = 0; i < (channels_.loop == none ? 1 : 2); ++i)
    channel_shares_[i] = formula_.channel_share(channels_.size[i]);
}

void TermsOf::set_job(const Job& job) {
  job_ = &job;
  rows_ = side(job.rows);
  columns_ = side(job.columns);
  channels_ = side(job.channels);
}

/// Shares of whole and last steps where the innermost loop stands at `place`.
std::array<double, 2> TermsOf::side_shares(const Side& s, Place place) const {
  if (s.loop == none) return {1, 0};
  const auto l = static_cast<size_t>(s.loop);
  if (l + 1 == depth_) return place == last ? std::array<double, 2>{0, 1} : std::array<double, 2>{1, 0};
  return {1 - loops_[l].share[last], loops_[l].share[last]};
}

/// Shares of a dimension's entries where the innermost loop stands at `place`.
TermsOf::Shares TermsOf::shares(const Dim& d, size_t place) const {
  if (d.entries == 1) return {{1, 0, 0}, 1};
  const LoopTerms& l = loops_[static_cast<size_t>(d.loop)];
  ByPlace s = l.share;
  if (static_cast<size_t>(d.loop) + 1 == depth_) {
    s = {0, 0, 0};
    s[place] = 1;
  }
  if (d.entries == 2) return {{s[first] + s[middle], s[last], 0}, 2};
  return {s, 3};
}

/// Mean size of a dimension at each place of the innermost loop.
ByPlace TermsOf::size_by_place(const Dim& d) const {
  const double one = d.size[0];
  if (d.entries == 1) return {one, one, one};
  const double two = d.size[1], three = d.entries == 2 ? two : d.size[2];
  if (by_place(d)) return {one, d.entries == 2 ? one : two, three};
  const ByPlace& s = loops_[static_cast<size_t>(d.loop)].share;
  const double mean = d.entries == 2 ? one * (s[first] + s[middle]) + two * s[last]
                                     : one * s[first] + two * s[middle] + three * s[last];
  return {mean, mean, mean};
}

TermsOf::Line TermsOf::mean_line(const CopyParts& c, size_t place) const {
  const Shares a = shares(c.columns, place), b = shares(c.bytes, place);
  Line mean{0, 0, 0};
  for (size_t i = 0; i < a.entries; ++i)
    for (size_t j = 0; j < b.entries; ++j) {
      const double w = a.of[i] * b.of[j];
      const Line& one = c.lines[i * places + j];
      mean.occupancy += w * one.occupancy;
      mean.setup_per_row += w * one.setup_per_row;
      mean.setup_once += w * one.setup_once;
    }
  return mean;
}

void TermsOf::copy_terms(const CopyParts& c, CopyTerms& m) const {
  m.depth = c.depth;
  m.copies = c.copies;
  m.instances = 1;
  for (size_t l = base_; l < c.depth; ++l) m.instances *= loops_[l].trips;
  m.run_ahead = static_cast<int8_t>(is_load(*c.copy) && m.instances > 1 ? c.copies - 1 : 0);
  const bool one_line = c.columns.entries == 1 && c.bytes.entries == 1;
  const bool lines_vary = by_place(c.columns) || by_place(c.bytes);
  const bool three = c.columns.entries == 3 || c.bytes.entries == 3;
  Line line = one_line ? c.lines[0] : mean_line(c, first);
  const ByPlace rows = size_by_place(c.rows);
  for (size_t k = 0; k < places; ++k) {
    if (lines_vary && (k == last || (k == middle && three))) line = mean_line(c, k);
    m.occupancy[k] = rows[k] * line.occupancy;
    m.setup[k] = rows[k] * line.setup_per_row + line.setup_once;
  }
  if (lines_vary || by_place(c.rows)) {
    const ByPlace& w = loops_[depth_ - 1].share;
    m.mean_occupancy = w[0] * m.occupancy[0] + w[1] * m.occupancy[1] + w[2] * m.occupancy[2];
    m.mean_setup = w[0] * m.setup[0] + w[1] * m.setup[1] + w[2] * m.setup[2];
  } else {
    m.mean_occupancy = m.occupancy[0];
    m.mean_setup = m.setup[0];
  }
  m.command_share = line.setup_per_row > 0 && rows[0] > 1 ? 1 / rows[0] : 1.0 / c.commands;
  m.begin = line.setup_per_row > 0 ? c.issue + line.setup_per_row : line.setup_once / c.commands;
  m.wait = t_.dma.wait * c.commands;
  m.tail = t_.dma.latency + std::clamp(m.mean_occupancy * m.command_share - 1, 0.0, t_.dma.fill);
}

void TermsOf::kernel_terms(ByPlace& out) const {
  const Extent& reduction = kernel_->reduction;
  const bool split = reduction.loop != none && kernel_->accumulators != none;
  const auto cycles_at = [&](Place place) {
    const auto rows = side_shares(rows_, place), columns = side_shares(columns_, place);
    const auto channels = side_shares(channels_, place);
    int32_t depth = reduction.whole;
    bool starts = true, ends = true;
    if (split) {
      const LoopTerms& l = loops_[static_cast<size_t>(reduction.loop)];
      depth = place == last ? l.rest : l.tile;
      starts = place == first;
      ends = place == l.end();
    }
    if (!formula_.separable()) {
      double mean = fill_;
      for (size_t i = 0; i < 8; ++i) {
        const double w = rows[i / 4] * columns[i / 2 % 2] * channels[i % 2];
        if (w > 0)
          mean += w * formula_(KernelTile{rows_.size[i / 4], columns_.size[i / 2 % 2], channels_.size[i % 2], depth,
                                          starts, ends});
      }
      return mean;
    }
    KernelFormula::Share p, c;
    for (size_t i = 0; i < 2; ++i)
      for (size_t j = 0; j < 2; ++j) {
        const double w = rows[i] * columns[j];
        if (w == 0) continue;
        p.add(w, pixel_shares_[i][j]);
      }
    for (size_t i = 0; i < 2; ++i) {
      if (channels[i] == 0) continue;
      c.add(channels[i], channel_shares_[i]);
    }
    return fill_ + formula_.cycles(p, c, depth, starts, ends);
  };
  out[first] = out[middle] = out[last] = cycles_at(first);
  if (depth_ == base_) return;
  const LoopTerms& inner = loops_[depth_ - 1];
  if (split && inner.trips > 2) out[middle] = cycles_at(middle);
  if (inner.trips > 1 && (split || inner.rest != inner.tile)) out[last] = cycles_at(last);
}

void TermsOf::job_terms(ByPlace& out) const {
  const auto cycles_at = [&](Place place) {
    const auto rows = side_shares(rows_, place), columns = side_shares(columns_, place);
    const auto channels = side_shares(channels_, place);
    double sum = fill_;
    for (size_t i = 0; i < 2; ++i)
      for (size_t j = 0; j < 2; ++j)
        for (size_t k = 0; k < 2; ++k) {
          const double w = rows[i] * columns[j] * channels[k];
          if (w == 0) continue;
          const JobTile tile{rows_.size[i], columns_.size[j], channels_.size[k], job_->reduction.whole};
          const JobCost cost = job_cost(*job_, tile, t_.accelerator.kind);
          sum += w * cost.count * cost.cycles;
        }
    return sum;
  };
  out[first] = out[middle] = out[last] = cycles_at(first);
  if (depth_ == base_) return;
  const LoopTerms& inner = loops_[depth_ - 1];
  if (inner.trips > 1 && inner.rest != inner.tile) out[last] = cycles_at(last);
}

void TermsOf::terms(Terms& out) const {
  if (job_)
    job_terms(out.kernel);
  else
    kernel_terms(out.kernel);
  out.load_count = load_count_;
  for (size_t i = 0; i < load_count_; ++i) copy_terms(copies_[i], out.load[i]);
  copy_terms(copies_[load_count_], out.store);
}

}  // namespace ares
