#include "experiments/search/recorded_space.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

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
          {"source", s.source},
          {"seconds_each", s.seconds_each},
          {"raw", s.candidates.census.raw},
          {"feasible", s.candidates.census.feasible},
          {"recorded", s.size()},
          {"knobs", knobs}};
}

void read_header(const Json& j, RecordedSpace& s) {
  s.name = j.at("name");
  s.source = j.at("source");
  s.seconds_each = j.at("seconds_each");
  s.candidates.census.raw = j.at("raw");
  s.candidates.census.feasible = j.at("feasible");
  for (const Json& knob : j.at("knobs")) {
    KnobRange range{static_cast<Knob>(knob.at("number").get<int>()), {}};
    for (const Json& v : knob.at("values")) range.values.push_back(v.get<uint16_t>());
    s.candidates.space.knobs.push_back(range);
  }
}

/// Half of them evenly over the space, half evenly over the logarithm of the model's rank, its favourite first: dense
/// where the fast ones are.
Candidates sample(const Candidates& all, std::size_t most) {
  std::set<CandidateId> ids;
  const std::size_t half = std::max<std::size_t>(1, most / 2);
  for (std::size_t i = 0; i < half; ++i) ids.insert(static_cast<CandidateId>(i * all.size() / half));
  const double step = std::log(static_cast<double>(all.size())) / static_cast<double>(half);
  for (std::size_t i = 0, rank = 0; i < half && rank < all.size(); ++i, ++rank) {
    ids.insert(all.order[rank]);
    rank = std::max(rank, static_cast<std::size_t>(std::exp(step * static_cast<double>(i))));
  }
  Candidates some{all.space, all.census, {}, {}, {}};
  for (const CandidateId id : ids) {
    some.indices.push_back(all.indices[id]);
    some.predicted.push_back(all.predicted[id]);
  }
  rank(some);
  return some;
}

void find_optimum(RecordedSpace& s) { s.optimum = *std::min_element(s.cycles.begin(), s.cycles.end()); }

}  // namespace

RecordedSpace record_space(const std::string& name, const Query& query, const CostModel& model,
                           const Measurer& measurer, std::size_t most) {
  const std::atomic<bool> never{false};
  RecordedSpace s{name, measurer.source, 0, make_candidates(query, model, most_listed, {}, never), {}, 0};
  if (s.candidates.size() > most) s.candidates = sample(s.candidates, most);
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
