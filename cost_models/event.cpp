#include "cost_models/event.hpp"

#include <algorithm>
#include <array>
#include <cassert>

#include "core/lower/lower.hpp"
#include "core/tile/state.hpp"
#include "core/tile/walker.hpp"
#include "cost_models/accelerator_cycles.hpp"
#include "cost_models/dma_cycles.hpp"
#include "cost_models/kernel_cycles.hpp"

namespace ares {
namespace {

constexpr std::string_view kernel_name(KernelKind k) {
  constexpr auto names = std::to_array<std::string_view>(
      {"conv", "linear", "max_pool", "table", "depthwise", "attention", "scan", "requant", "average_pool", "add",
       "multiply", "rearrange", "curve", "norm", "softmax", "matmul", "transform", "rotary", "lookup"});
  static_assert(names.size() == static_cast<size_t>(KernelKind::lookup) + 1);
  return names[static_cast<size_t>(k)];
}

/// The machine: one clock per resource.
class Machine {
 public:
  Machine(const Target& target, const TraceSink* trace, bool in_network)
      : target_(target), trace_(trace), in_network_(in_network) {}

  /// Plays a program from the present time on; returns the busy times it adds. `next`: the program behind it, whose
  /// early loads begin beside its last run, or null.
  PlayResult play(const TileProgram& program, size_t group, const TileProgram* next);

  void advance_overhead(double cycles) {
    now_ += cycles;
    result_.overhead += cycles;
  }

  double load_resident(uint32_t bytes) {
    const double begin = now_;
    CopyCost cost = l3_cost({1, 1, bytes}, true, target_.l3);
    now_ = l3_.queue(cost, now_);
    result_.l3 += cost.occupancy;
    result_.stall += now_ - begin;
    if (trace_) report(Resource::l3, "constants", begin, now_);
    return now_ - begin;
  }

  double now() const { return now_; }
  const PlayResult& result() const { return result_; }

 private:
  static constexpr size_t remembered = 4;  ///< completions per operation: more than any buffer has copies

  /// An operation, prepared: what a step needs without looking at variants, and the last cost, which mostly is the
  /// next.
  struct Prepared {
    const Copy* copy = nullptr;
    const Kernel* kernel = nullptr;
    const Job* job = nullptr;
    KernelFormula formula;
    Box last_box;
    CopyCost last_cost;
    KernelTile last_tile{-1, -1, -1, -1};
    double last_cycles = 0;
    std::array<double, remembered> done{};
  };

  void prepare(const TileProgram& program);
  void start_early(const TileProgram& next);
  void begin_group(const TileProgram& program);
  void end_group(const TileProgram& program);
  void take(const Step& step);
  void issue(const Step& step, Prepared& op);
  void call(const Step& step, Prepared& op);
  void start(const Step& step, Prepared& op);
  void report(Resource r, const Step& s, std::string_view what, double begin, double end) {
    (*trace_)(TraceSpan{r, group_, s.operation, s.instance, what, begin, end, s.position});
  }
  void report(Resource r, std::string_view what, double begin, double end) {
    (*trace_)(TraceSpan{r, group_, none, 0, what, begin, end});
  }
  Channel& channel_of(const Copy& c) {
    return c.from == Level::l3 || c.to == Level::l3 ? l3_ : c.to == Level::l1 ? in_ : out_;
  }

  const Target& target_;
  const TraceSink* trace_;
  const bool in_network_;
  const TileProgram* program_ = nullptr;
  const TileProgram* next_ = nullptr;
  size_t group_ = 0;
  double late_done_ = 0;                             ///< when the late store of the program before is complete
  double state_done_ = 0;                            ///< when the state that is on its way is there; 0: none is
  double run_started_ = 0;                           ///< when the orchestrator had started the last kernel or job
  std::array<double, max_operations> early_done_{};  ///< of the early loads of the program behind
  double now_ = 0;
  Channel in_, out_, l3_;
  Accelerator accelerator_;
  double* running_job_ = nullptr;  ///< when it will be done
  double workers_done_ = 0;        ///< with a kernel beside which a job is started; 0: there is none
  KernelKind beside_ = KernelKind::conv;
  PlayResult result_;
  std::array<Prepared, max_operations> operations_;
};

void Machine::prepare(const TileProgram& program) {
  program_ = &program;
  for (size_t i = 0; i < program.operations.size(); ++i) {
    const auto& what = program.operations[i].what;
    Prepared op;
    op.copy = std::get_if<Copy>(&what);
    op.kernel = std::get_if<Kernel>(&what);
    op.job = std::get_if<Job>(&what);
    if (op.kernel) op.formula = KernelFormula(*op.kernel, target_, program.cores);
    if (op.copy && op.copy->early) op.done[0] = early_done_[i];
    operations_[i] = op;
  }
}

void Machine::take(const Step& step) {
  Prepared& op = operations_[static_cast<size_t>(step.operation)];
  switch (step.kind) {
    case StepKind::issue:
      issue(step, op);
      break;
    case StepKind::wait: {
      const double done = op.done[static_cast<size_t>(step.instance) % remembered];
      if (done > now_) {
        result_.stall += done - now_;
        if (trace_) report(Resource::orchestrator, step, "wait", now_, done);
        now_ = done;
      }
      if (op.copy) advance_overhead(target_.dma.wait);
      break;
    }
    case StepKind::run:
      if (op.kernel)
        call(step, op);
      else if (op.job)
        start(step, op);
      else {
        now_ = std::max(now_, accelerator_.done);
        advance_overhead(target_.cores.barrier);
      }
      if (next_ && is_last_run(*program_, step)) start_early(*next_);
      break;
  }
}

/// While workers or accelerator compute.
void Machine::start_early(const TileProgram& next) {
  double at = run_started_;
  const bool room = state_bytes(*program_) + state_bytes(next) <= near_state_bytes;
  if (room && target_.cores.group_start > 0) {
    const double fetched = std::max(in_.free, at) + state_bytes(next) / target_.dma.bytes_per_cycle_in;
    in_.busy += fetched - std::max(in_.free, at);
    in_.free = state_done_ = fetched;
    at += target_.dma.issue_known;
  }
  walk_early(next, [&](const Step& step) {
    const auto i = static_cast<size_t>(step.operation);
    const Copy& copy = std::get<Copy>(next.operations[i].what);
    const DmaShape shape = dma_shape(copy.region, resolve(copy.region, *step.position));
    const CopyCost cost = copy_cost(next, step.operation, shape, target_);
    const double begin = std::max(in_.free, at + cost.issue + cost.setup);
    early_done_[i] = cost.commands == 0 ? at : in_.queue(cost, at);
    if (trace_) (*trace_)({Resource::dma_in, group_ + 1, step.operation, 0, name_of(copy.operand), begin, in_.free});
    at += cost.issue + cost.setup * cost.commands;
  });
  now_ = std::max(now_, at);
}

void Machine::issue(const Step& step, Prepared& op) {
  const Box box = resolve(op.copy->region, *step.position);
  if (box.size != op.last_box.size || box.pad_before != op.last_box.pad_before ||
      box.pad_after != op.last_box.pad_after) {
    op.last_box = box;
    op.last_cost = copy_cost(*program_, step.operation, dma_shape(op.copy->region, box), target_);
  }
  double& done = op.done[static_cast<size_t>(step.instance) % remembered];
  if (op.last_cost.commands == 0) {
    done = now_;
    return;
  }
  Channel& channel = channel_of(*op.copy);
  const double begin = std::max(channel.free, now_ + op.last_cost.issue + op.last_cost.setup);
  done = channel.queue(op.last_cost, now_);
  const double setup = op.last_cost.issue + op.last_cost.setup * op.last_cost.commands;
  if (trace_) {
    const Resource r = &channel == &l3_ ? Resource::l3 : &channel == &in_ ? Resource::dma_in : Resource::dma_out;
    report(r, step, name_of(op.copy->operand), begin, channel.free);
    report(Resource::orchestrator, step, "issue", now_, now_ + setup);
  }
  advance_overhead(setup);
}

void Machine::call(const Step& step, Prepared& op) {
  const KernelTile tile = tile_at(*program_, *op.kernel, *step.position);
  const bool first_call = op.last_tile.rows < 0;
  if (!(tile == op.last_tile)) {
    op.last_tile = tile;
    op.last_cycles = op.formula(tile);
  }
  advance_overhead(call_overhead(target_.cores, op.kernel->kind));
  if (in_network_ && first_call) advance_overhead(cold_cycles(op.kernel->kind));
  run_started_ = now_;
  if (trace_) {
    report(Resource::workers, step, kernel_name(op.kernel->kind), now_, now_ + op.last_cycles);
  }
  result_.compute += op.last_cycles;
  if (op.kernel->beside_job) {
    workers_done_ = now_ + op.last_cycles;
    beside_ = op.kernel->kind;
    return;
  }
  const double later = accelerator_.disturb(op.kernel->kind, now_, now_ + op.last_cycles);
  if (later > 0) *running_job_ += later;
  now_ += op.last_cycles;
}

void Machine::start(const Step& step, Prepared& op) {
  advance_overhead(job_entry(*program_, step.operation, target_));
  const JobCost cost = job_cost(*op.job, tile_at(*op.job, *step.position), target_.accelerator.kind);
  const double program = job_overhead(*op.job, target_), programmed_for = programming(cost.count, program);
  const double programmed = accelerator_.start(cost, program, now_);
  double& done = op.done[static_cast<size_t>(step.instance) % remembered];
  done = accelerator_.done;
  running_job_ = &done;
  if (trace_) {
    report(Resource::orchestrator, step, "program job", programmed - programmed_for, programmed);
    report(Resource::accelerator, step, "job", accelerator_.done - cost.count * cost.cycles, accelerator_.done);
  }
  result_.overhead += programmed_for;
  result_.stall += programmed - now_ - programmed_for;
  const double begun = now_ + program;
  now_ = run_started_ = programmed;
  if (workers_done_ > 0) {
    *running_job_ += accelerator_.disturb(beside_, begun, workers_done_);
    now_ = std::max(now_, workers_done_);
    workers_done_ = 0;
  }
}

/// Its state is on its way since the group before, or is fetched now, behind the early loads.
void Machine::begin_group(const TileProgram& program) {
  if (state_done_ > 0) {
    now_ = std::max(now_, state_done_);
  } else {
    now_ = std::max(now_, in_.free);
    advance_overhead(start_cycles(program, target_));
  }
  state_done_ = 0;
}

/// Everything is complete but for a late store, which the next group waits for.
void Machine::end_group(const TileProgram& program) {
  double late = 0;
  for (size_t i = 0; i < program.operations.size(); ++i)
    if (operations_[i].copy && operations_[i].copy->late) late = operations_[i].done[0];
  now_ = std::max({now_, late > 0 ? late_done_ : out_.free, accelerator_.done});
  late_done_ = late;
}

PlayResult Machine::play(const TileProgram& program, size_t group, const TileProgram* next) {
  const PlayResult before = result_;
  const double begin = now_, in = in_.busy, out = out_.busy, l3 = l3_.busy, jobs = accelerator_.busy;
  group_ = group;
  next_ = next;
  begin_group(program);
  prepare(program);
  walk(program, [this](const Step& step) { take(step); });
  end_group(program);
  result_.dma_in += in_.busy - in;
  result_.dma_out += out_.busy - out;
  result_.l3 += l3_.busy - l3;
  result_.accelerator += accelerator_.busy - jobs;
  result_.cycles = now_;
  if (trace_) report(Resource::group, "group", begin, now_);
  return {now_ - begin,
          result_.compute - before.compute,
          in_.busy - in,
          out_.busy - out,
          l3_.busy - l3,
          accelerator_.busy - jobs,
          result_.stall - before.stall,
          result_.overhead - before.overhead};
}

class EventModel final : public CostModel {
 public:
  std::string name() const override { return "event"; }

  void estimate(const Query& query, std::span<const Config> configs, std::span<Estimate> estimates) const override {
    assert(configs.size() == estimates.size());
    TileProgram program;
    for (size_t i = 0; i < configs.size(); ++i) {
      estimates[i] = {};
      if (!lower_into(query.shape, configs[i], query.context, program)) continue;
      estimates[i] = to_estimate(ares::play(program, query.target), program.l1_bytes);
    }
  }
};

}  // namespace

const char* name_of(Resource r) {
  constexpr std::array<const char*, 7> names{"orchestrator", "workers",     "dma in", "dma out",
                                             "l3",           "accelerator", "group"};
  return names[static_cast<size_t>(r)];
}

PlayResult play(const TileProgram& program, const Target& target, const TraceSink* trace) {
  return Machine(target, trace, false).play(program, 0, nullptr);
}

NetworkPlay play(const NetworkProgram& network, const Target& target, bool cold, const TraceSink* trace) {
  Machine machine(target, trace, true);
  NetworkPlay result;
  if (cold && network.l2_constant_bytes > 0) result.load_cycles = machine.load_resident(network.l2_constant_bytes);
  for (size_t i = 0; i < network.groups.size(); ++i) {
    machine.advance_overhead(group_call_cycles);
    const TileProgram* const next = i + 1 < network.groups.size() ? &network.groups[i + 1].program : nullptr;
    result.groups.push_back(machine.play(network.groups[i].program, i, next));
  }
  result.total = machine.result();
  result.total.cycles = machine.now();
  return result;
}

Estimate to_estimate(const PlayResult& r, uint32_t l1_bytes) {
  Estimate e;
  e.feasible = true;
  e.cycles = r.cycles;
  e.compute = r.compute;
  e.dma_in = r.dma_in;
  e.dma_out = r.dma_out;
  e.l3 = r.l3;
  e.accelerator = r.accelerator;
  e.stall = r.stall;
  e.overhead = r.overhead;
  e.bottleneck = bottleneck_of(e);
  e.l1_bytes = l1_bytes;
  return e;
}

std::shared_ptr<const CostModel> make_event_model() { return std::make_shared<EventModel>(); }

}  // namespace ares
