// Terms of the analytical model: what iterations cost, told apart by their place in the loops.
//
// The innermost loop's iterations are first, middle or last; the loops around it enter as means over their iterations,
// which for products of per-loop sizes are exact. A program with two loops is cut in two variants: all passes of the
// innermost loop but the last one, and the last one, whose remainder can be much shorter.
#pragma once

#include <array>
#include <span>

#include "core/target/target.hpp"
#include "core/tile/program.hpp"
#include "cost_models/kernel_cycles.hpp"

namespace ares {

/// Iterations of a loop by their place: the first, those between (none where a loop has two), the last.
enum Place : uint8_t { first, middle, last };
inline constexpr size_t places = 3;
using ByPlace = std::array<double, places>;

struct LoopTerms {
  int32_t trips = 1, tile = 0, rest = 0;  ///< rest: size of the last iteration
  ByPlace share{1, 0, 0};                 ///< of the iterations that the terms are means over

  Place end() const { return trips == 1 ? first : last; }
};

/// A copy by the place of the innermost loop.
struct CopyTerms {
  uint8_t depth, copies;
  int8_t run_ahead;  ///< instances; 0 where there is only one to load
  double instances;
  ByPlace occupancy, setup;  ///< of the channel, of the orchestrator
  double mean_occupancy, mean_setup;
  double command_share;  ///< of a single one of its commands in the whole
  double begin;          ///< of the orchestrator until the first command has started
  double wait;           ///< of the orchestrator, to find the copy complete
  double tail;           ///< from the channel's last beat to completion
};

struct Terms {
  ByPlace kernel;                 ///< cycles of a call's work
  std::array<CopyTerms, 5> load;  ///< in the order of their issue: by depth, then by operation
  size_t load_count = 0;
  CopyTerms store;

  std::span<const CopyTerms> loads() const { return {load.data(), load_count}; }
};

/// Takes a program apart once; its terms are then cheap to average in different ways.
class TermsOf {
 public:
  /// Loops from `base` on nest; loops before it stand at a step of `outer` units.
  TermsOf(const TileProgram& program, const Target& target, size_t base, int32_t outer);

  /// The work is the accelerator's.
  bool on_accelerator() const { return job_ != nullptr; }
  /// Cycles of the orchestrator to start a call or job.
  double call() const;

  size_t base() const { return base_; }
  size_t depth() const { return depth_; }
  const LoopTerms& loop(size_t i) const { return loops_[i]; }

  /// Which iterations of loop `i` the terms are means over.
  enum class Part { all, all_but_last, last_only };
  void restrict_loop(size_t i, Part part);

  void terms(Terms& out) const;

 private:
  /// Sizes of one dimension of a region over the places of its loop: one entry where all are alike, two where only the
  /// last differs, else three.
  struct Dim {
    LoopId loop;
    uint8_t entries;
    std::array<bool, places> padded;
    std::array<int32_t, places> size;
    double full;  ///< mean size, padding included
  };
  /// One row of a copy: its part of the channel's time, and set-up: per row where each row is a command of its own.
  struct Line {
    double occupancy, setup_per_row, setup_once;
  };
  struct CopyParts {
    const Copy* copy;
    double issue;  ///< of the orchestrator, before its commands
    uint8_t depth, copies, commands;
    Dim rows, columns, bytes;
    std::array<Line, places * places> lines;
  };
  struct Shares {
    std::array<double, places> of;
    size_t entries;
  };

  OperationId id_of(const TileOperation& op) const { return static_cast<OperationId>(&op - p_.operations.data()); }
  void set_loops(int32_t outer);
  void set_dim(Dim& dim, const RegionDim& d) const;
  void set_copy(CopyParts& parts, const TileOperation& op, const Copy& copy) const;
  bool join(CopyParts& weights, const TileOperation& op, const Copy& copy) const;
  Line line_of(const Region& r, int32_t columns, int32_t bytes, bool padded, bool into_l1, double issue) const;
  void set_kernel(const Kernel& k);
  void set_job(const Job& job);
  void set_fill(const CopyParts& input);
  Shares shares(const Dim& d, size_t place) const;
  ByPlace size_by_place(const Dim& d) const;
  Line mean_line(const CopyParts& c, size_t place) const;
  bool by_place(const Dim& d) const { return d.entries > 1 && static_cast<size_t>(d.loop) + 1 == depth_; }
  void copy_terms(const CopyParts& parts, CopyTerms& out) const;
  void kernel_terms(ByPlace& out) const;
  void job_terms(ByPlace& out) const;

  const TileProgram& p_;
  const Target& t_;
  size_t base_, depth_;
  double in_beat_, out_beat_;  ///< channel cycles per byte
  std::array<LoopTerms, max_loops> loops_;
  std::array<CopyParts, 6> copies_;  ///< loads in the order of their issue, then the store
  size_t load_count_ = 0;
  double fill_ = 0;
  /// One dimension of the kernel's tile: its size in whole steps of its loop and in the last one.
  struct Side {
    LoopId loop = none;
    std::array<int32_t, 2> size{};
  };
  Side side(const Extent& e) const;
  std::array<double, 2> side_shares(const Side& s, Place place) const;

  const Kernel* kernel_ = nullptr;
  const Job* job_ = nullptr;
  double job_entry_ = 0;
  KernelFormula formula_;
  Side rows_, columns_, channels_;
  std::array<std::array<KernelFormula::Share, 2>, 2> pixel_shares_;
  std::array<KernelFormula::Share, 2> channel_shares_;
};

}  // namespace ares
