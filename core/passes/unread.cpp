#include "core/passes/unread.hpp"

#include <algorithm>
#include <iterator>
#include <set>

namespace ares {

void remove_unread(qonnx::ModelGraph& model) {
  std::set<std::string> needed(model.outputs.begin(), model.outputs.end());
  std::vector<qonnx::Node> alive;
  for (auto n = model.nodes.rbegin(); n != model.nodes.rend(); ++n) {
    const auto read = [&](const std::string& out) { return needed.count(out) > 0; };
    if (std::none_of(n->outputs.begin(), n->outputs.end(), read)) continue;
    needed.insert(n->inputs.begin(), n->inputs.end());
    alive.push_back(std::move(*n));
  }
  model.nodes.assign(std::make_move_iterator(alive.rbegin()), std::make_move_iterator(alive.rend()));
  std::erase_if(model.constants, [&](const auto& c) { return !needed.count(c.first); });
}

}  // namespace ares
