#include "cost_models/timeline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "codegen/group_names.hpp"
#include "cost_models/event.hpp"

namespace ares {
namespace {

/// Threads, from top to bottom.
enum class Track : uint8_t { groups = 1, tiles, orchestrator, workers, accelerator, dma_in, dma_out, l3 };

Track track_of(Resource r) {
  switch (r) {
    case Resource::orchestrator:
      return Track::orchestrator;
    case Resource::workers:
      return Track::workers;
    case Resource::dma_in:
      return Track::dma_in;
    case Resource::dma_out:
      return Track::dma_out;
    case Resource::l3:
      return Track::l3;
    case Resource::accelerator:
      return Track::accelerator;
    case Resource::group:
      break;
  }
  return Track::groups;
}

std::string json_text(std::string_view text) { return nlohmann::json(text).dump(); }

/// One run of the network.
class Process {
 public:
  Process(const NetworkProgram& network, const Target& target, int id, std::vector<std::string>& events)
      : network_(network), id_(id), events_(events) {
    for (const PlannedGroup& g : network.groups) names_.emplace_back(g.program);
    name_tracks(target);
  }

  void play(const Target& target, bool cold, const std::string& name) {
    const TraceSink sink = [this](const TraceSpan& s) { take(s); };
    const NetworkPlay played = ares::play(network_, target, cold, &sink);
    close_tile();
    metadata("process_name", 0,
             fmt::format("\"name\":{}",
                         json_text(fmt::format("{}, {:.0f} cycles (1 µs = 1 cycle)", name, played.total.cycles))));
    metadata("process_sort_index", 0, fmt::format("\"sort_index\":{}", id_));
  }

 private:
  /// A position of a group's tile loops, and the time it takes: from the first wait for its data to its last kernel.
  struct Tile {
    size_t group;
    std::string name;
    double begin, end;
  };

  void metadata(const char* what, int track, const std::string& arguments) {
    events_.push_back(
        fmt::format(R"({{"ph":"M","pid":{},"tid":{},"ts":0,"name":"{}","args":{{{}}}}})", id_, track, what, arguments));
  }

  void name_tracks(const Target& target) {
    const bool has_accelerator = target.accelerator.kind != AcceleratorKind::none;
    const std::pair<Track, std::string> tracks[] = {
        {Track::groups, "groups"},
        {Track::tiles, "tiles"},
        {Track::orchestrator, "orchestrating core"},
        {Track::workers, fmt::format("cores 0 to {}", network_.cores - 1)},
        {Track::accelerator, target.accelerator.kind == AcceleratorKind::ne16 ? "NE16" : "accelerator"},
        {Track::dma_in, "DMA L2 to L1"},
        {Track::dma_out, "DMA L1 to L2"},
        {Track::l3, "L3"}};
    for (const auto& [track, name] : tracks) {
      if (track == Track::accelerator && !has_accelerator) continue;
      const int id = static_cast<int>(track);
      metadata("thread_name", id, fmt::format("\"name\":{}", json_text(name)));
      metadata("thread_sort_index", id, fmt::format("\"sort_index\":{}", id));
    }
  }

  void event(Track track, std::string_view category, std::string_view name, double begin, double end,
             const std::string& arguments) {
    events_.push_back(
        fmt::format(R"({{"ph":"X","pid":{},"tid":{},"cat":"{}","name":{},"ts":{:.3f},"dur":{:.3f},"args":{{{}}}}})",
                    id_, static_cast<int>(track), category, json_text(name), begin, end - begin, arguments));
  }

  const PlannedGroup& group(const TraceSpan& s) const { return network_.groups[s.group]; }

  /// `row 0+14, channel 32+32`
  std::string tile_name(const TraceSpan& s) const {
    if (s.position == nullptr || s.operation == none) return {};
    const size_t depth = group(s).program.operations[static_cast<size_t>(s.operation)].depth;
    std::string name;
    for (size_t l = 0; l < depth; ++l) {
      const LoopPosition& at = (*s.position)[l];
      name += fmt::format("{}{} {}+{}", l == 0 ? "" : ", ", names_[s.group].loop(static_cast<LoopId>(l)).variable,
                          at.begin, at.size);
    }
    return name.empty() ? "whole" : name;
  }

  void take(const TraceSpan& s) {
    if (s.resource == Resource::group) {
      const PlannedGroup& g = group(s);
      return event(Track::groups, "group", g.group.name, s.begin, s.end,
                   fmt::format("\"operation\":\"{}\",\"config\":{}", name_of(g.group.shape.family),
                               json_text(to_string(g.chosen.config))));
    }
    const std::string tile = tile_name(s);
    const bool known = s.operation != none;
    event(track_of(s.resource), name_of(s.resource), s.what, s.begin, s.end,
          known ? fmt::format("\"group\":{},\"tile\":{},\"instance\":{}", json_text(group(s).group.name),
                              json_text(tile), s.instance)
                : "");
    if (s.resource == Resource::orchestrator && s.what == "wait" && !waiting_) waiting_ = s.begin;
    if (s.resource == Resource::workers || s.resource == Resource::accelerator) extend_tile(s, tile);
  }

  void extend_tile(const TraceSpan& s, const std::string& name) {
    if (tile_ && (tile_->group != s.group || tile_->name != name)) close_tile();
    // A job that runs ahead of the kernel of the tile before begins while that one is still open.
    if (!tile_) tile_ = Tile{s.group, name, std::max(until_, std::min(waiting_.value_or(s.begin), s.begin)), s.end};
    tile_->end = std::max(tile_->end, s.end);
    waiting_.reset();
  }

  void close_tile() {
    if (!tile_) return;
    if (tile_->end > tile_->begin)
      event(Track::tiles, "tile", tile_->name, tile_->begin, tile_->end,
            fmt::format("\"group\":{}", json_text(network_.groups[tile_->group].group.name)));
    until_ = std::max(until_, tile_->end);
    tile_.reset();
  }

  const NetworkProgram& network_;
  int id_;
  std::vector<std::string>& events_;
  std::vector<GroupNames> names_;
  std::optional<Tile> tile_;
  std::optional<double> waiting_;  ///< since when the orchestrator waits for the next tile
  double until_ = 0;               ///< end of the last tile
};

}  // namespace

std::string timeline_json(const NetworkProgram& network, const Target& target) {
  std::vector<std::string> events;
  Process(network, target, 1, events).play(target, false, network.name + ", warm run");
  if (network.l2_constant_bytes > 0)
    Process(network, target, 2, events).play(target, true, network.name + ", first run");
  std::string text = fmt::format(
      "{{\"displayTimeUnit\":\"ns\",\"otherData\":{{\"network\":{},\"target\":{},\"cycles_from\":\"event\","
      "\"unit\":\"1 us = 1 cycle\"}},\n\"traceEvents\":[\n",
      json_text(network.name), json_text(target.name));
  for (size_t i = 0; i < events.size(); ++i) text += events[i] + (i + 1 < events.size() ? ",\n" : "\n");
  return text + "]}\n";
}

}  // namespace ares
