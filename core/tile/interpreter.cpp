#include "core/tile/interpreter.hpp"

#include <fmt/format.h>

#include <cstring>
#include <vector>

#include "core/tile/job.hpp"
#include "core/tile/kernels.hpp"
#include "core/tile/walker.hpp"

namespace ares {
namespace {

constexpr uint8_t poison = 0xA5;

/// A copy on its way.
struct Transfer {
  OperationId operation;
  int32_t instance;
  uint8_t* near_end;
  uint8_t* far_end;
  Box box;
};

/// What a job has computed: rows of `row` bytes, `pitch` apart in L1.
struct Output {
  OperationId operation;
  int32_t instance;
  uint8_t* to;
  size_t row, pitch;
  std::vector<uint8_t> bytes;
};

class Machine {
 public:
  Machine(const TileProgram& p, const OperandData& data)
      : p_(p), data_(data), l1_(p.l1_bytes, poison), l2_(p.l2_bytes, poison) {}

  Result<void> run() {
    const auto sink = [&](const Step& step) {
      if (failure_.empty()) take(step);
    };
    walk_early(p_, sink);
    walk(p_, sink);
    if (!failure_.empty()) return fail(failure_);
    return {};
  }

 private:
  void take(const Step& step) {
    const auto& what = p_.operations[static_cast<size_t>(step.operation)].what;
    if (step.kind == StepKind::issue)
      issue(step, std::get<Copy>(what));
    else if (step.kind == StepKind::wait)
      complete(step.operation, step.instance);
    else if (const auto* kernel = std::get_if<Kernel>(&what))
      call(step, *kernel);
    else if (const auto* job = std::get_if<Job>(&what))
      start(step, *job);
  }

  uint8_t* slot(BufferId b, int32_t index) {
    const Buffer& buffer = p_.buffers[static_cast<size_t>(b)];
    std::vector<uint8_t>& memory = buffer.level == Level::l1 ? l1_ : l2_;
    return memory.data() + buffer.offset + static_cast<size_t>(index) * pitch_of(buffer);
  }

  std::span<uint8_t> operand(Operand o) const {
    const auto mutable_span = [](std::span<const uint8_t> s) {
      return std::span<uint8_t>(const_cast<uint8_t*>(s.data()), s.size());
    };
    switch (o) {
      case Operand::input:
        return mutable_span(data_.input);
      case Operand::input2:
        return mutable_span(data_.input2);
      case Operand::input3:
        return mutable_span(data_.input3);
      case Operand::weights:
        return mutable_span(data_.weights);
      case Operand::params:
        return mutable_span(data_.params);
      case Operand::tails:
        return mutable_span(data_.tails);
      case Operand::output:
        return data_.output;
      default:
        return {};
    }
  }

  void issue(const Step& step, const Copy& copy) {
    const Box box = resolve(copy.region, *step.position);
    const Buffer& buffer = p_.buffers[static_cast<size_t>(copy.buffer)];
    const int64_t rows = box.size[0] + box.pad_before[0] + box.pad_after[0];
    const int64_t columns = box.size[1] + box.pad_before[1] + box.pad_after[1];
    if (rows * columns * box.size[2] > buffer.bytes) {
      failure_ = fmt::format("operation {}: a tile of {} x {} x {} bytes is larger than its buffer of {} bytes",
                             step.operation, rows, columns, box.size[2], buffer.bytes);
      return;
    }
    const int64_t offset = far_offset(p_, copy, *step.position);
    const std::span<uint8_t> far = copy.staged_in == none
                                       ? operand(copy.operand)
                                       : std::span<uint8_t>(slot(copy.staged_in, step.staged_slot),
                                                            p_.buffers[static_cast<size_t>(copy.staged_in)].bytes);
    const int64_t last = offset + int64_t{box.size[0] - 1} * copy.region.pitch[0] +
                         int64_t{box.size[1] - 1} * copy.region.pitch[1] + box.size[2];
    if (!box.empty() && (offset < 0 || last > static_cast<int64_t>(far.size()))) {
      failure_ = fmt::format("operation {}: bytes {} to {} of an operand of {} bytes", step.operation, offset, last,
                             far.size());
      return;
    }
    uint8_t* near_end = slot(copy.buffer, step.slot);
    if (is_load(copy)) std::memset(near_end, poison, buffer.bytes);
    transfers_.push_back({step.operation, step.instance, near_end, far.data() + offset, box});
  }

  void complete(OperationId operation, int32_t instance) {
    std::erase_if(jobs_, [&](const Output& o) {
      if (o.operation != operation || o.instance > instance) return false;
      for (size_t at = 0; at < o.bytes.size(); at += o.row)
        std::memcpy(o.to + at / o.row * o.pitch, o.bytes.data() + at, o.row);
      return true;
    });
    std::erase_if(transfers_, [&](const Transfer& t) {
      if (t.operation != operation || t.instance > instance) return false;
      move(std::get<Copy>(p_.operations[static_cast<size_t>(operation)].what), t);
      return true;
    });
  }

  static void move(const Copy& copy, const Transfer& t) {
    const int64_t columns = held_columns(copy.region, t.box);
    uint8_t* const near_begin = t.near_end + near_offset(copy.region, t.box);
    for (int64_t r = 0; r < t.box.size[0]; ++r)
      for (int64_t c = 0; c < t.box.size[1]; ++c) {
        uint8_t* near_end = near_begin + (r * columns + c) * t.box.size[2];
        uint8_t* far_end = t.far_end + r * copy.region.pitch[0] + c * copy.region.pitch[1];
        const auto bytes = static_cast<size_t>(t.box.size[2]);
        if (is_load(copy))
          std::memcpy(near_end, far_end, bytes);
        else
          std::memcpy(far_end, near_end, bytes);
      }
  }

  /// Reads its tiles at once, its output arrives when it is waited for.
  void start(const Step& step, const Job& job) {
    const auto at = [&](BufferId b) { return slot(b, (*step.slots)[static_cast<size_t>(b)]); };
    JobCall c;
    c.job = &job;
    c.pad_value = data_.pad_value;
    c.weight_offset = job.layer == 0 ? data_.job_weight_offset : data_.tail_job_weight_offset;
    c.shift = requant_of(job.layer)->shift;
    c.in = at(job.in);
    c.weights = at(job.weights) + job.weights_at;
    c.params = at(job.params) + job.params_at;
    c.rows = resolve(job.rows, *step.position);
    c.columns = resolve(job.columns, *step.position);
    c.channels = resolve(job.channels, *step.position);
    c.reduction = resolve(job.reduction, *step.position);
    c.in_pixel = job.pixel > 0 ? job.pixel : c.reduction;
    if (job.input_copy == none) {
      c.input_box = {{}, {c.rows, c.columns, c.in_pixel}, {}, {}};
      c.held_columns = c.columns;
    } else {
      const Region& input = input_region(job.input_copy);
      c.input_box = resolve(input, *step.position);
      c.held_columns = held_columns(input, c.input_box);
    }
    const auto row = static_cast<size_t>(c.channels), pitch = job.pixel > 0 ? size_t{job.pixel} : row;
    jobs_.push_back({step.operation, step.instance, at(job.out) + job.first, row, pitch, run_job(c)});
  }

  void call(const Step& step, const Kernel& k) {
    const auto at = [&](BufferId b) { return b == none ? nullptr : slot(b, (*step.slots)[static_cast<size_t>(b)]); };
    KernelCall c;
    c.kernel = &k;
    c.requant = requant_of(k.layer);
    c.pad_value = data_.pad_value;
    c.in = at(k.in);
    c.in2 = at(k.in2);
    c.in3 = at(k.in3);
    c.weights = at(k.weights);
    c.params = at(k.params);
    c.out = at(k.out);
    c.accumulators = reinterpret_cast<int32_t*>(at(k.accumulators));
    c.scratch = at(k.scratch);
    c.rows = resolve(k.rows, *step.position);
    c.columns = resolve(k.columns, *step.position);
    c.channels = resolve(k.channels, *step.position);
    c.reduction = resolve(k.reduction, *step.position);
    if (k.reduction.loop != none) {
      const LoopPosition& at_loop = (*step.position)[static_cast<size_t>(k.reduction.loop)];
      c.first_step = at_loop.index == 0;
      c.last_step = at_loop.last;
    }
    if (k.input_copy == none) {
      c.input_box = dense_input(k, c);
    } else {
      const Region& input = input_region(k.input_copy);
      c.input_box = resolve(input, *step.position);
      for (size_t i = 0; i < 3; ++i) c.step[i] = input.dims[i].units.scale;
    }
    run_kernel(c);
  }

  const Region& input_region(OperationId copy) const {
    return std::get<Copy>(p_.operations[static_cast<size_t>(copy)].what).region;
  }

  /// A tile that another kernel left, without padding.
  static Box dense_input(const Kernel& k, const KernelCall& c) {
    const Window& w = k.window;
    const bool convolves = k.kind == KernelKind::conv || k.kind == KernelKind::depthwise;
    const int32_t channels = convolves ? c.reduction : c.channels;
    return {{}, {(c.rows - 1) * w.sh + w.kh, (c.columns - 1) * w.sw + w.kw, channels}, {}, {}};
  }

  const Requant* requant_of(uint8_t layer) const {
    return layer == 0 ? data_.requant : data_.tail_requants[layer - 1u];
  }

  const TileProgram& p_;
  const OperandData& data_;
  std::vector<uint8_t> l1_, l2_;
  std::vector<Transfer> transfers_;
  std::vector<Output> jobs_;
  std::string failure_;
};

}  // namespace

Result<void> interpret(const TileProgram& program, const OperandData& data) { return Machine(program, data).run(); }

}  // namespace ares
