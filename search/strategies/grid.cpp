// Exhaustive, in the order of the cost model: the yardstick of the other strategies.
#include <utility>

#include "search/strategies/registry.hpp"

namespace ares {
namespace {

class Grid final : public Strategy {
 public:
  explicit Grid(const Candidates& candidates) : order_(candidates.order), told_(candidates.size(), false) {}

  std::vector<CandidateId> ask(std::size_t count) override {
    std::vector<CandidateId> proposals;
    for (; next_ < order_.size() && proposals.size() < count; ++next_)
      if (!told_[order_[next_]]) proposals.push_back(order_[next_]);
    return proposals;
  }

  void tell(std::span<const Trial> trials) override {
    for (const Trial& t : trials) told_[t.candidate] = true;
  }

 private:
  const std::vector<CandidateId>& order_;
  std::vector<bool> told_;
  std::size_t next_ = 0;
};

}  // namespace

std::unique_ptr<Strategy> make_grid(const Candidates& candidates, uint64_t) {
  return std::make_unique<Grid>(candidates);
}

}  // namespace ares
