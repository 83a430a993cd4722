#include "core/tile/schedule.hpp"

#include <algorithm>
#include <vector>

namespace ares {
namespace {

class Scheduler {
 public:
  explicit Scheduler(const TileProgram& program) : p_(program) {}

  Schedule run() {
    issue_ahead();
    nest(0);
    for (size_t i = 0; i < p_.operations.size(); ++i) {
      const auto& what = p_.operations[i].what;
      const auto* copy = std::get_if<Copy>(&what);
      const bool store = copy && !is_load(*copy) && !copy->stays && !copy->late;
      if (std::holds_alternative<Job>(what) || store) add(TokenKind::drain, i);
    }
    return tokens_;
  }

 private:
  void add(TokenKind kind, size_t index) { tokens_.push_back({kind, static_cast<int8_t>(index)}); }

  /// A whole operand that is loaded into L2 once: first of all, because L1 loads may run ahead of the loops.
  bool fills_l2_once(size_t i) const {
    const auto* copy = std::get_if<Copy>(&p_.operations[i].what);
    return copy && copy->to == Level::l2 && is_load(*copy) && p_.operations[i].depth == 0;
  }

  void issue_ahead() {
    for (size_t i = 0; i < p_.operations.size(); ++i)
      if (fills_l2_once(i)) add(TokenKind::issue, i);
    for (int k = 0; k < 2; ++k) {
      for (size_t i = 0; i < p_.operations.size(); ++i) {
        const auto* copy = std::get_if<Copy>(&p_.operations[i].what);
        if (copy && run_ahead(p_, i) > k && !copy->stays && !(copy->early && k == 0)) add(TokenKind::issue, i);
      }
      for (size_t i = 0; k == 0 && i < p_.operations.size(); ++i)
        if (runs_ahead(p_.operations[i])) add(TokenKind::run, i);
    }
  }

  /// The issue of a load's only instance, started early; issue and wait of what stays in L1.
  bool done_before(size_t i) const {
    const auto& what = p_.operations[i].what;
    if (const auto* copy = std::get_if<Copy>(&what)) return copy->stays || (copy->early && run_ahead(p_, i) == 0);
    const auto* wait = std::get_if<Wait>(&what);
    if (!wait) return false;
    const auto* copy = std::get_if<Copy>(&p_.operations[static_cast<size_t>(wait->operation)].what);
    return copy && copy->stays;
  }

  void nest(uint8_t depth) {
    operations_at(depth, Phase::before);
    if (depth < p_.loops.size()) {
      add(TokenKind::loop_begin, depth);
      nest(static_cast<uint8_t>(depth + 1));
      add(TokenKind::loop_end, depth);
    }
    operations_at(depth, Phase::after);
  }

  bool is_job(size_t i) const {
    return std::holds_alternative<Job>(p_.operations[i].what) && !runs_ahead(p_.operations[i]);
  }

  /// A load for a later instance of the job behind it: the job need not wait for its start.
  bool starts_beside_job(size_t i) const {
    const TileOperation& op = p_.operations[i];
    const auto same_place = [&](size_t j) {
      return p_.operations[j].depth == op.depth && p_.operations[j].phase == op.phase;
    };
    if (!std::holds_alternative<Copy>(op.what) || run_ahead(p_, i) == 0) return false;
    for (size_t j = i + 1; j < p_.operations.size(); ++j)
      if (is_job(j) && same_place(j)) return true;
    return false;
  }

  void operations_at(uint8_t depth, Phase phase) {
    std::vector<size_t> beside_job;
    for (size_t i = 0; i < p_.operations.size(); ++i) {
      const TileOperation& op = p_.operations[i];
      if (op.depth != depth || op.phase != phase) continue;
      if (fills_l2_once(i) || done_before(i)) continue;
      if (starts_beside_job(i)) {
        beside_job.push_back(i);
      } else if (std::holds_alternative<Copy>(op.what)) {
        add(TokenKind::issue, i);
      } else if (std::holds_alternative<Wait>(op.what)) {
        add(TokenKind::wait, i);
      } else {
        add(TokenKind::run, i);
      }
      if (!is_job(i)) continue;
      for (const size_t load : beside_job) add(TokenKind::issue, load);
      beside_job.clear();
    }
  }

  const TileProgram& p_;
  Schedule tokens_;
};

}  // namespace

int run_ahead(const TileProgram& program, size_t index) {
  const TileOperation& load = program.operations[index];
  const Copy& copy = std::get<Copy>(load.what);
  if (!is_load(copy)) return 0;
  const int copies = program.buffers[static_cast<size_t>(copy.buffer)].copies;
  const auto reader = std::find_if(program.operations.begin(), program.operations.end(), [&](const TileOperation& op) {
    if (!runs_ahead(op)) return false;
    const auto read = read_ahead(op);
    return std::find(read.begin(), read.end(), copy.buffer) != read.end();
  });
  if (reader == program.operations.end()) return copies - 1;
  if (load.depth == 0) return std::max(1, copies - 1);
  const auto wait = std::find_if(program.operations.begin(), program.operations.end(), [&](const TileOperation& op) {
    const auto* w = std::get_if<Wait>(&op.what);
    return w && w->operation == reader - program.operations.begin();
  });
  const bool behind = wait - program.operations.begin() < static_cast<std::ptrdiff_t>(index);
  return behind ? copies : copies - 1;
}

Schedule schedule(const TileProgram& program) { return Scheduler(program).run(); }

}  // namespace ares
