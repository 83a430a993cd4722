#include "core/plan/hand_over.hpp"

#include <algorithm>

#include "core/ir/graph.hpp"
#include "core/plan/arena.hpp"
#include "core/tile/walker.hpp"

namespace ares {
namespace {

uint32_t bytes_of(const TileProgram& p, const Buffer& b) {
  return pitch_of(b) * (b.per_core ? static_cast<uint32_t>(p.cores) : b.copies);
}

/// All L1 buffers of the network as blocks alive over groups; a tensor that stays has one block for writer and reader.
class L1Plan {
 public:
  L1Plan(NetworkProgram& n, const LayerGraph& graph, uint32_t limit) : n_(n), graph_(graph), limit_(limit) {
    for (size_t g = 0; g < n.groups.size(); ++g) {
      const TileProgram& p = n.groups[g].program;
      for (const Buffer& b : p.buffers) {
        places_[g].push_back({blocks_.size(), 0});
        const int at = static_cast<int>(g);
        blocks_.push_back({b.level == Level::l1 ? bytes_of(p, b) : 0, at, at, 0});
      }
    }
  }

  void run() {
    for (size_t g = 1; g < n_.groups.size(); ++g) {
      hand_over(g);
      start_early(g);
    }
    for (size_t g = 0; g + 1 < n_.groups.size(); ++g) store_late(g);
    while (pack_arena(blocks_).bytes > limit_) give_up_one();
    place();
  }

 private:
  /// Where a buffer lies: its block, and the bytes before it there.
  struct Place {
    size_t block;
    uint32_t before;
  };

  TileProgram& program(size_t g) { return n_.groups[g].program; }
  Copy* copy(size_t g, size_t i) { return std::get_if<Copy>(&program(g).operations[i].what); }
  size_t block(size_t g, BufferId b) const { return places_[g][static_cast<size_t>(b)].block; }

  /// Whether everything that is alive in group g fits, at best.
  bool fits(size_t g) const {
    uint64_t sum = 0;
    for (const ArenaBlock& b : blocks_)
      if (b.first <= static_cast<int>(g) && static_cast<int>(g) <= b.last) sum += b.bytes;
    return sum <= limit_;
  }

  // ---- early loads ----

  TensorId tensor_of(size_t g, Operand o) const {
    const std::vector<TensorId>& inputs = n_.groups[g].group.inputs;
    const auto i = static_cast<size_t>(o);
    return o <= Operand::input3 && i < inputs.size() ? inputs[i] : TensorId{-1};
  }

  bool written_by(size_t g, TensorId t) const { return t >= 0 && n_.groups[g].group.output == t; }

  void start_early(size_t g) {
    if (last_run(program(g - 1)) == none) return;
    for (size_t i = 0; i < program(g).operations.size(); ++i) {
      Copy* const c = copy(g, i);
      if (!c || !is_load(*c) || c->to != Level::l1 || c->staged_in != none || c->stays) continue;
      if (program(g).operations[i].depth > 0 && program(g).buffers[static_cast<size_t>(c->buffer)].copies == 1)
        continue;
      if (written_by(g - 1, tensor_of(g, c->operand))) continue;
      ArenaBlock& b = blocks_[block(g, c->buffer)];
      if (b.first < static_cast<int>(g)) continue;
      --b.first;
      c->early = fits(g - 1);
      if (!c->early) ++b.first;
    }
  }

  // ---- late stores ----

  struct LateStore {
    size_t group, store;
    bool longer;  ///< its block lives a group longer for it
  };

  /// Whether a load of group g reads the tensor from L2.
  bool loads(size_t g, TensorId t, bool only_early) const {
    if (g >= n_.groups.size()) return false;
    const TileProgram& p = n_.groups[g].program;
    return std::any_of(p.operations.begin(), p.operations.end(), [&](const TileOperation& op) {
      const auto* c = std::get_if<Copy>(&op.what);
      return c && is_load(*c) && !c->stays && tensor_of(g, c->operand) == t && (c->early || !only_early);
    });
  }

  void store_late(size_t g) {
    const TensorId t = n_.groups[g].group.output;
    if (!n_.groups[g].group.completes_output || is_network_output(t)) return;
    if (loads(g + 1, t, false) || loads(g + 2, t, true)) return;
    for (size_t i = 0; i < program(g).operations.size(); ++i) {
      Copy* const c = copy(g, i);
      if (!c || is_load(*c) || c->stays || c->to != Level::l2 || !whole(program(g).operations[i])) continue;
      ArenaBlock& b = blocks_[block(g, c->buffer)];
      const bool longer = b.last == static_cast<int>(g);
      b.last += longer;
      if (fits(g + 1)) {
        c->late = true;
        late_.push_back({g, i, longer});
      } else {
        b.last -= longer;
      }
    }
  }

  void store_in_time(const LateStore& l) {
    Copy& c = *copy(l.group, l.store);
    c.late = false;
    blocks_[block(l.group, c.buffer)].last -= l.longer;
  }

  // ---- tensors that stay ----

  struct Edge {
    size_t writer, store, reader, load;
  };

  /// Whether one instance takes all of the tensor and leaves it dense in L1.
  static bool whole(const TileOperation& op) {
    const Region& r = std::get<Copy>(op.what).region;
    if (op.depth > 0) return false;
    const Box box = resolve(r, Position{});
    for (size_t i = 0; i < 3; ++i) {
      if (box.size[i] != r.dims[i].extent) return false;
      if (!r.compact && box.pad_before[i] + box.pad_after[i] > 0) return false;
    }
    return near_offset(r, box) % 4 == 0;
  }

  static uint32_t bytes_in(const Region& r) {
    uint32_t bytes = 1;
    for (const RegionDim& d : r.dims) bytes *= static_cast<uint32_t>(d.extent);
    return bytes;
  }

  /// Kernels that leave their inputs as they are.
  static bool reads_only(Family f) {
    return f == Family::conv || f == Family::linear || f == Family::max_pool || f == Family::average_pool ||
           f == Family::table || f == Family::add || f == Family::depthwise;
  }

  bool is_network_output(TensorId t) const {
    return std::any_of(graph_.outputs.begin(), graph_.outputs.end(), [&](const auto& o) { return o.tensor == t; });
  }

  void hand_over(size_t g) {
    const size_t writer = g - 1;
    const TensorId t = n_.groups[writer].group.output;
    if (!n_.groups[writer].group.completes_output || !reads_only(program(g).family)) return;
    for (size_t s = 0; s < program(writer).operations.size(); ++s) {
      const Copy* const store = copy(writer, s);
      if (!store || is_load(*store) || !whole(program(writer).operations[s])) continue;
      for (size_t l = 0; l < program(g).operations.size(); ++l) {
        const Copy* const load = copy(g, l);
        if (load && is_load(*load) && tensor_of(g, load->operand) == t && whole(program(g).operations[l]) &&
            bytes_in(load->region) == bytes_in(store->region))
          keep({writer, s, g, l});
      }
    }
  }

  int readers(TensorId t) const {
    int count = 0;
    for (const PlannedGroup& g : n_.groups)
      count += static_cast<int>(std::count(g.group.inputs.begin(), g.group.inputs.end(), t));
    return count;
  }

  void keep(const Edge& e) {
    Copy& store = *copy(e.writer, e.store);
    Copy& load = *copy(e.reader, e.load);
    const size_t kept = block(e.writer, store.buffer), given_up = block(e.reader, load.buffer);
    const ArenaBlock was = blocks_[kept], other = blocks_[given_up];
    const auto before = static_cast<uint32_t>(near_offset(load.region, resolve(load.region, Position{})));
    blocks_[kept].bytes = std::max(was.bytes + before, other.bytes);
    blocks_[kept].last = static_cast<int>(e.reader);
    blocks_[given_up].bytes = 0;
    if (!fits(e.writer) || !fits(e.reader)) {
      blocks_[kept] = was;
      blocks_[given_up] = other;
      return;
    }
    load.stays = true;
    store.stays =
        readers(n_.groups[e.writer].group.output) == 1 && !is_network_output(n_.groups[e.writer].group.output);
    places_[e.reader][static_cast<size_t>(load.buffer)] = {kept, 0};
    places_[e.writer][static_cast<size_t>(store.buffer)].before = before;
    edges_.push_back(e);
  }

  // ---- packing ----

  /// Where the packing leaves gaps: takes late stores back, then the largest early load, then hand-overs from the last
  /// one on.
  void give_up_one() {
    if (!late_.empty()) {
      store_in_time(late_.back());
      return late_.pop_back();
    }
    Copy* largest = nullptr;
    ArenaBlock* its = nullptr;
    for (size_t g = 1; g < n_.groups.size(); ++g)
      for (size_t i = 0; i < program(g).operations.size(); ++i) {
        Copy* const c = copy(g, i);
        if (!c || !c->early) continue;
        ArenaBlock& b = blocks_[block(g, c->buffer)];
        if (b.offset + b.bytes <= limit_ && largest) continue;
        if (!largest || b.bytes > its->bytes || its->offset + its->bytes <= limit_) largest = c, its = &b;
      }
    if (largest) {
      largest->early = false;
      ++its->first;
      return;
    }
    const Edge e = edges_.back();
    edges_.pop_back();
    Copy& load = *copy(e.reader, e.load);
    const TileProgram& p = program(e.reader);
    Copy& store = *copy(e.writer, e.store);
    load.stays = store.stays = false;
    Place& kept = places_[e.writer][static_cast<size_t>(store.buffer)];
    kept.before = 0;
    blocks_[kept.block].last = static_cast<int>(e.writer);
    places_[e.reader][static_cast<size_t>(load.buffer)] = {blocks_.size(), 0};
    const int at = static_cast<int>(e.reader);
    blocks_.push_back({bytes_of(p, p.buffers[static_cast<size_t>(load.buffer)]), at, at, 0});
  }

  void place() {
    n_.l1_bytes = 0;
    for (size_t g = 0; g < n_.groups.size(); ++g) {
      TileProgram& p = program(g);
      for (size_t b = 0; b < p.buffers.size(); ++b) {
        if (p.buffers[b].level != Level::l1) continue;
        p.buffers[b].offset = blocks_[places_[g][b].block].offset + places_[g][b].before;
        p.l1_bytes = std::max(p.l1_bytes, p.buffers[b].offset + bytes_of(p, p.buffers[b]));
      }
      n_.l1_bytes = std::max(n_.l1_bytes, p.l1_bytes);
    }
  }

  NetworkProgram& n_;
  const LayerGraph& graph_;
  const uint32_t limit_;
  std::vector<ArenaBlock> blocks_;
  std::vector<std::vector<Place>> places_ = std::vector<std::vector<Place>>(n_.groups.size());
  std::vector<Edge> edges_;
  std::vector<LateStore> late_;
};

}  // namespace

void connect_groups(NetworkProgram& network, const LayerGraph& graph, uint32_t l1_bytes) {
  L1Plan(network, graph, l1_bytes).run();
}

}  // namespace ares
