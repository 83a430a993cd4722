#include "experiments/search/recorded_space.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/group/versions.hpp"
#include "kb/signature.hpp"

namespace ares {
namespace {

using Json = nlohmann::ordered_json;

static_assert(std::endian::native == std::endian::little, "the files are little-endian");

/// Configs per call of the measurer.
constexpr std::size_t batch = 1u << 14;

/// Configs that are ranked before some are taken.
constexpr std::size_t most_listed = 8u << 20;

template <class T>
void put(std::ostream& stream, const std::vector<T>& values) {
  stream.write(reinterpret_cast<const char*>(values.data()), static_cast<std::streamsize>(values.size() * sizeof(T)));
}

template <class T>
bool get(std::istream& stream, std::vector<T>& values, std::size_t count) {
  values.resize(count);
  return static_cast<bool>(
      stream.read(reinterpret_cast<char*>(values.data()), static_cast<std::streamsize>(count * sizeof(T))));
}

Json header_of(const RecordedSpace& s) {
  Json knobs = Json::array();
  for (const KnobRange& r : s.candidates.space.knobs)
    knobs.push_back({{"name", name_of(r.knob)},
                     {"number", static_cast<int>(r.knob)},
                     {"values", std::vector<int>(r.values.begin(), r.values.end())}});
  return {{"name", s.name},
          {"members", s.members},
          {"source", s.source},
          {"signature", s.signature},
          {"environment", s.environment},
          {"whole_feasible", s.whole_feasible},
          {"seconds_each", s.seconds_each},
          {"raw", s.candidates.census.raw},
          {"feasible", s.candidates.census.feasible},
          {"recorded", s.size()},
          {"rule", s.rule},
          {"knobs", knobs}};
}

void read_header(const Json& j, RecordedSpace& s) {
  s.name = j.at("name");
  s.members = j.value("members", std::vector<std::string>{s.name});
  s.source = j.at("source");
  s.signature = j.value("signature", "");
  s.environment = j.value("environment", "");
  s.whole_feasible = j.value("whole_feasible", j.at("feasible").get<uint64_t>());
  s.seconds_each = j.at("seconds_each");
  s.candidates.census.raw = j.at("raw");
  s.candidates.census.feasible = j.at("feasible");
  s.rule = j.value("rule", CandidateId{0});
  for (const Json& knob : j.at("knobs")) {
    KnobRange range{static_cast<Knob>(knob.at("number").get<int>()), {}};
    for (const Json& v : knob.at("values")) range.values.push_back(v.get<uint16_t>());
    s.candidates.space.knobs.push_back(range);
  }
}

/// Takes values out of a space's knobs until few enough configs are left.
class Thinning {
 public:
  /// The values of `stay` are kept.
  Thinning(const Candidates& all, const std::vector<Config>& stay) : all_(all), ids_(all.order) {
    for (const KnobRange& r : all.space.knobs) {
      auto& knob = values_.emplace_back();
      for (const uint16_t v : r.values) {
        const bool needed = std::any_of(stay.begin(), stay.end(), [&](const Config& c) { return c[r.knob] == v; });
        knob.push_back({v, true, needed});
      }
    }
  }

  Candidates to(std::size_t most) {
    for (bool evenly = true; ids_.size() > most; evenly = !evenly)
      if (!drop(evenly)) break;
    return result();
  }

 private:
  struct Value {
    uint16_t value;
    bool kept, needed;
  };

  std::size_t kept(std::size_t knob) const {
    return static_cast<std::size_t>(
        std::count_if(values_[knob].begin(), values_[knob].end(), [](const Value& v) { return v.kept; }));
  }

  /// Evenly: of the longest knob the value nearest to the one before it. Else the value that the model expects least
  /// of. False: all that is left is needed.
  bool drop(bool evenly) {
    std::size_t longest = 0;
    for (std::size_t k = 0; k < values_.size(); ++k)
      if (kept(k) > kept(longest)) longest = k;
    Value* worst = nullptr;
    double worst_score = 0;
    for (std::size_t k = 0; k < values_.size(); ++k) {
      double before = 0;
      for (Value& v : values_[k]) {
        if (!v.kept) continue;
        const double score = evenly ? before / v.value : promise(k, v.value);
        before = v.value;
        const bool may = !v.needed && kept(k) > 1 && (!evenly || k == longest);
        if (may && (!worst || score > worst_score)) worst = &v, worst_score = score;
      }
    }
    if (!worst) return evenly ? drop(false) : false;
    worst->kept = false;
    ids_.erase(std::remove_if(ids_.begin(), ids_.end(), [&](CandidateId id) { return !has_kept(id); }), ids_.end());
    return true;
  }

  /// Rank of the best config with this value: the ids are in the model's order.
  double promise(std::size_t knob, uint16_t value) const {
    const Knob k = all_.space.knobs[knob].knob;
    const auto best =
        std::find_if(ids_.begin(), ids_.end(), [&](CandidateId id) { return all_.config(id)[k] == value; });
    return static_cast<double>(best - ids_.begin());
  }

  bool has_kept(CandidateId id) const {
    const Config c = all_.config(id);
    for (std::size_t k = 0; k < values_.size(); ++k)
      for (const Value& v : values_[k])
        if (v.value == c[all_.space.knobs[k].knob] && !v.kept) return false;
    return true;
  }

  Candidates result() const {
    Candidates some{all_.space, {}, {}, {}, {}};
    for (std::size_t k = 0; k < values_.size(); ++k) {
      some.space.knobs[k].values.clear();
      for (const Value& v : values_[k])
        if (v.kept) some.space.knobs[k].values.push_back(v.value);
    }
    std::vector<CandidateId> ids = ids_;
    std::sort(ids.begin(), ids.end());
    for (const CandidateId id : ids) {
      some.indices.push_back(*some.space.index(all_.config(id)));
      some.predicted.push_back(all_.predicted[id]);
    }
    some.census.raw = some.space.raw_size();
    some.census.feasible = some.size();
    rank(some);
    return some;
  }

  const Candidates& all_;
  std::vector<CandidateId> ids_;  ///< of configs without a dropped value, in the model's order
  std::vector<std::vector<Value>> values_;
};

/// Without what the model expects to take so many cycles more than its favourite; `stays` stays.
Candidates without_slow(const Candidates& all, double slower, CandidateId stays) {
  const double limit = all.predicted[all.order.front()] + slower;
  Candidates some{all.space, all.census, {}, {}, {}};
  for (CandidateId id = 0; id < all.size(); ++id) {
    if (all.predicted[id] > limit && id != stays) continue;
    some.indices.push_back(all.indices[id]);
    some.predicted.push_back(all.predicted[id]);
  }
  some.census.feasible = some.size();
  rank(some);
  return some;
}

void find_optimum(RecordedSpace& s) { s.optimum = *std::min_element(s.cycles.begin(), s.cycles.end()); }

}  // namespace

RecordedSpace record_space(const std::string& name, const Query& query, const CostModel& model,
                           const Measurer& measurer, const RecordedPart& part) {
  const std::atomic<bool> never{false};
  RecordedSpace s;
  s.name = name;
  s.signature = kb::to_string(kb::make_signature(query.shape, query.context, query.target.name, RequantPolicy::fast));
  s.source = measurer.source;
  s.environment =
      fmt::format("{}, kernels of {} version {}", measurer.simulator.empty() ? measurer.source : measurer.simulator,
                  name_of(query.shape.family), kernel_version(query.shape.family));
  s.candidates = make_candidates(query, model, most_listed, {}, never);
  s.whole_feasible = s.candidates.census.feasible;
  const Config rule = *rule_config(s.candidates.space);
  if (std::isfinite(part.slower)) s.candidates = without_slow(s.candidates, part.slower, *s.candidates.find(rule));
  if (s.candidates.size() > part.most) {
    const Candidates all = std::move(s.candidates);
    s.candidates = Thinning(all, {all.config(all.order.front()), rule}).to(part.most);
  }
  s.rule = *s.candidates.find(rule);
  std::vector<Config> configs;
  std::vector<Measurement> measured;
  const auto begin = std::chrono::steady_clock::now();
  for (std::size_t first = 0; first < s.candidates.size(); first += batch) {
    configs.clear();
    for (std::size_t i = first; i < std::min(first + batch, s.candidates.size()); ++i)
      configs.push_back(s.candidates.config(static_cast<CandidateId>(i)));
    measured.assign(configs.size(), {});
    measurer.measure(query, configs, measured, never);
    for (const Measurement& m : measured) s.cycles.push_back(static_cast<float>(m.cycles));
  }
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
  s.seconds_each = seconds.count() / static_cast<double>(s.size());
  find_optimum(s);
  return s;
}

Result<void> save(const RecordedSpace& s, const std::filesystem::path& file) {
  std::ofstream stream(file, std::ios::binary);
  stream << header_of(s).dump() << '\n';
  put(stream, s.candidates.indices);
  put(stream, s.candidates.predicted);
  put(stream, s.cycles);
  stream.close();
  if (!stream) return fail(fmt::format("{}: cannot be written", file.string()));
  return {};
}

Result<RecordedSpace> load_space(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  std::string line;
  std::getline(stream, line);
  RecordedSpace s;
  const Json header = Json::parse(line, nullptr, false);
  if (!header.is_object()) return fail(fmt::format("{}: is no recorded space", file.string()));
  read_header(header, s);
  const std::size_t count = header.at("recorded");
  if (!get(stream, s.candidates.indices, count) || !get(stream, s.candidates.predicted, count) ||
      !get(stream, s.cycles, count))
    return fail(fmt::format("{}: is shorter than its header says; record it again", file.string()));
  rank(s.candidates);
  find_optimum(s);
  return s;
}

std::vector<Trial> replay(const RecordedSpace& space, const std::vector<CandidateId>& proposals, double& seconds) {
  std::vector<Trial> trials;
  for (const CandidateId id : proposals) trials.push_back({id, space.cycles[id]});
  seconds += space.seconds_each * static_cast<double>(proposals.size());
  return trials;
}

}  // namespace ares
