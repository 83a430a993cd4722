// Implementation of walk(); include core/tile/walker.hpp instead.
#pragma once

#include <cassert>

#include "core/tile/walker.hpp"

namespace ares {

/// Puts loop `i` at iteration `index`; its parent's position must be set.
inline void enter_loop(const TileProgram& p, Position& at, size_t i, int32_t index) {
  const Loop& loop = p.loops[i];
  const int32_t base = loop.parent == none ? 0 : at[static_cast<size_t>(loop.parent)].begin;
  const int32_t extent = loop.parent == none ? loop.extent : at[static_cast<size_t>(loop.parent)].size;
  const int32_t from = index * loop.tile;
  at[i] = {index, base + from, std::min(loop.tile, extent - from), from + loop.tile >= extent};
}

/// The instances of one operation in order: an odometer over the loops that enclose it.
class Cursor {
 public:
  Cursor() = default;
  Cursor(const TileProgram& p, uint8_t depth) : depth_(depth) {
    for (size_t i = 0; i < depth_; ++i) enter_loop(p, at_, i, 0);
  }

  bool done() const { return done_; }
  const Position& position() const { return at_; }
  int32_t instance() const { return instance_; }
  /// How many instances of an operation at `depth` (not deeper than this one) have begun, less one.
  int32_t enclosing_instance(uint8_t depth) const { return entered_[depth]; }

  void advance(const TileProgram& p) {
    ++instance_;
    size_t i = depth_;
    while (i > 0 && at_[i - 1].last) --i;
    if (i == 0) {
      done_ = true;
      return;
    }
    enter_loop(p, at_, i - 1, at_[i - 1].index + 1);
    for (size_t j = i; j < depth_; ++j) enter_loop(p, at_, j, 0);
    for (size_t d = i; d <= depth_; ++d) ++entered_[d];
  }

 private:
  Position at_{};
  std::array<int32_t, max_loops + 1> entered_{};
  int32_t instance_ = 0;
  uint8_t depth_ = 0;
  bool done_ = false;
};

template <class Sink>
class Walker {
 public:
  Walker(const TileProgram& p, Sink& sink) : p_(p), sink_(sink) {
    filled_by_.fill(none);
    for (size_t i = 0; i < p.operations.size(); ++i) {
      const auto* copy = std::get_if<Copy>(&p.operations[i].what);
      const bool load = copy && is_load(*copy);
      if (!load && !std::holds_alternative<Job>(p.operations[i].what) && !runs_ahead(p.operations[i])) continue;
      ahead_[i].cursor = Cursor(p, p.operations[i].depth);
      if (load && copy->early) ahead_[i].cursor.advance(p);
      if (load && !copy->stays) filled_by_[static_cast<size_t>(copy->buffer)] = static_cast<OperationId>(i);
    }
  }

  void run() {
    const Schedule tokens = schedule(p_);
    std::array<size_t, max_loops> body{};
    for (size_t pc = 0; pc < tokens.size(); ++pc) {
      const auto i = static_cast<size_t>(tokens[pc].index);
      switch (tokens[pc].kind) {
        case TokenKind::loop_begin:
          enter_loop(p_, at_, i, 0);
          body[i] = pc;
          break;
        case TokenKind::loop_end:
          if (at_[i].last) break;
          enter_loop(p_, at_, i, at_[i].index + 1);
          pc = body[i];
          break;
        case TokenKind::issue:
          issue(i);
          break;
        case TokenKind::wait:
          if (due(i)) wait(static_cast<size_t>(std::get<Wait>(p_.operations[i].what).operation));
          break;
        case TokenKind::run:
          if (due(i)) run(i);
          break;
        case TokenKind::drain:
          if (count_[i] > ahead_[i].waited) sink_(Step{StepKind::wait, static_cast<OperationId>(i), count_[i] - 1});
          break;
      }
    }
  }

 private:
  /// A load, a job or a kernel that runs ahead: its instances start in order, ahead of the loops.
  struct Ahead {
    Cursor cursor;
    int32_t waited = 0;  ///< instances known complete
  };

  /// Whether the operation takes place in this iteration.
  bool due(size_t i) const {
    const TileOperation& op = p_.operations[i];
    for (size_t l = 0; l < op.depth; ++l) {
      if ((op.first_of >> l & 1) && at_[l].index != 0) return false;
      if ((op.last_of >> l & 1) && !at_[l].last) return false;
    }
    return true;
  }

  uint8_t copies(BufferId b) const { return p_.buffers[static_cast<size_t>(b)].copies; }

  void issue(size_t i) {
    const Copy& copy = std::get<Copy>(p_.operations[i].what);
    if (is_load(copy)) {
      issue_load(i, copy);
    } else if (due(i)) {
      const auto b = static_cast<size_t>(copy.buffer);
      const int32_t instance = count_[i]++;
      sink_(Step{StepKind::issue, static_cast<OperationId>(i), instance, slots_[b], 0, &at_, &slots_});
      slots_[b] = static_cast<int8_t>(count_[i] % copies(copy.buffer));
    }
  }

  /// Waits until the load that fills `b` has delivered what the instance at `cursor` reads; the slot it lies in.
  int8_t await_source(BufferId b, const Cursor& cursor) {
    const OperationId source = b == none ? none : filled_by_[static_cast<size_t>(b)];
    if (source == none) return 0;
    const auto i = static_cast<size_t>(source);
    const int32_t needed = cursor.enclosing_instance(p_.operations[i].depth);
    assert(ahead_[i].cursor.instance() > needed && "an operation runs ahead of the load it reads");
    if (ahead_[i].waited <= needed) {
      sink_(Step{StepKind::wait, source, needed});
      ahead_[i].waited = needed + 1;
    }
    return static_cast<int8_t>(needed % copies(b));
  }

  void issue_load(size_t i, const Copy& copy) {
    Cursor& cursor = ahead_[i].cursor;
    if (cursor.done()) return;
    const int8_t staged_slot = await_source(copy.staged_in, cursor);
    const int32_t instance = cursor.instance();
    sink_(Step{StepKind::issue, static_cast<OperationId>(i), instance, instance % copies(copy.buffer), staged_slot,
               &cursor.position(), &slots_});
    cursor.advance(p_);
  }

  /// A job, or a kernel that runs ahead.
  void run_next(size_t i, BufferId out) {
    Cursor& cursor = ahead_[i].cursor;
    if (cursor.done()) return;
    std::array<int8_t, max_buffers> slots = slots_;
    for (const BufferId b : read_ahead(p_.operations[i]))
      if (b != none && filled_by_[static_cast<size_t>(b)] != none)
        slots[static_cast<size_t>(b)] = await_source(b, cursor);
    const int32_t instance = cursor.instance();
    slots[static_cast<size_t>(out)] = static_cast<int8_t>(instance % copies(out));
    sink_(Step{StepKind::run, static_cast<OperationId>(i), instance, 0, 0, &cursor.position(), &slots});
    cursor.advance(p_);
    ++count_[i];
  }

  /// A wait operation on a load or a job: the next instance in order.
  void wait_next(size_t i, BufferId b, int32_t instance) {
    slots_[static_cast<size_t>(b)] = static_cast<int8_t>(instance % copies(b));
    if (ahead_[i].waited > instance) return;
    ahead_[i].waited = instance + 1;
    sink_(Step{StepKind::wait, static_cast<OperationId>(i), instance});
  }

  void wait(size_t i) {
    const auto& what = p_.operations[i].what;
    if (const auto* job = std::get_if<Job>(&what)) return wait_next(i, job->out, used_[i]++);
    if (const auto* kernel = std::get_if<Kernel>(&what)) {  // is done when it has run
      slots_[static_cast<size_t>(kernel->out)] = static_cast<int8_t>(used_[i]++ % copies(kernel->out));
      return;
    }
    const Copy& copy = std::get<Copy>(what);
    if (is_load(copy))
      wait_next(i, copy.buffer, used_[i]++);
    else if (count_[i] >= copies(copy.buffer))
      sink_(Step{StepKind::wait, static_cast<OperationId>(i), count_[i] - copies(copy.buffer)});
  }

  void run(size_t i) {
    if (const auto* job = std::get_if<Job>(&p_.operations[i].what)) return run_next(i, job->out);
    if (runs_ahead(p_.operations[i])) return run_next(i, std::get<Kernel>(p_.operations[i].what).out);
    sink_(Step{StepKind::run, static_cast<OperationId>(i), count_[i]++, 0, 0, &at_, &slots_});
  }

  const TileProgram& p_;
  Sink& sink_;
  Position at_{};
  std::array<Ahead, max_operations> ahead_{};
  std::array<int32_t, max_operations> count_{};  ///< stores and jobs issued, kernels run
  std::array<int32_t, max_operations> used_{};   ///< loads and jobs: instances that wait operations have come to
  std::array<OperationId, max_buffers> filled_by_{};
  std::array<int8_t, max_buffers> slots_{};
};

template <class Sink>
void walk_early(const TileProgram& program, Sink&& sink) {
  constexpr std::array<int8_t, max_buffers> slots{};
  for (size_t i = 0; i < program.operations.size(); ++i) {
    const auto* copy = std::get_if<Copy>(&program.operations[i].what);
    if (!copy || !copy->early) continue;
    const Cursor first(program, program.operations[i].depth);
    sink(Step{StepKind::issue, static_cast<OperationId>(i), 0, 0, 0, &first.position(), &slots});
  }
}

template <class Sink>
void walk(const TileProgram& program, Sink&& sink) {
  Walker<std::remove_reference_t<Sink>>(program, sink).run();
}

}  // namespace ares
