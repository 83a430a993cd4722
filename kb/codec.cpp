#include "kb/codec.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <span>

#include <google/protobuf/arena.h>

#include "kb/kb.pb.h"
#include "kb/store.hpp"

namespace ares::kb {
namespace {

/// Raised when an older program could misread what this one writes; from `oldest_format` on all are read.
constexpr char format = 2, oldest_format = 1;
constexpr size_t header_bytes = 1 + sizeof(uint64_t);

void put_u64(std::string& out, uint64_t v) {
  for (int shift = 56; shift >= 0; shift -= 8) out.push_back(static_cast<char>(v >> shift));
}

uint64_t get_u64(std::string_view in) {
  uint64_t v = 0;
  for (size_t i = 0; i < sizeof v; ++i) v = v << 8 | static_cast<uint8_t>(in[i]);
  return v;
}

template <class Message>
std::string seal(std::string_view key, const Message& message) {
  std::string value(header_bytes, '\0');
  message.AppendToString(&value);
  std::string checksum;
  put_u64(checksum, hash_of(std::string_view(value).substr(header_bytes), hash_of(key)));
  value.replace(0, 1, 1, format);
  value.replace(1, checksum.size(), checksum);
  return value;
}

template <class Message>
bool unseal(std::string_view key, std::string_view value, Message& message) {
  if (value.size() < header_bytes || value[0] < oldest_format || value[0] > format) return false;
  const std::string_view payload = value.substr(header_bytes);
  if (get_u64(value.substr(1)) != hash_of(payload, hash_of(key))) return false;
  return message.ParseFromArray(payload.data(), static_cast<int>(payload.size()));
}

void set(const Environment& e, proto::Environment& p) {
  p.set_target_hash(e.target_hash);
  p.set_kernel_version(e.kernel_version);
  p.set_arithmetic_version(e.arithmetic_version);
  p.set_simulator(e.simulator);
}

Environment get(const proto::Environment& p) {
  return {p.target_hash(), p.kernel_version(), p.arithmetic_version(), p.simulator()};
}

void set(const Provenance& v, proto::Provenance& p) {
  p.set_model(v.model);
  p.set_layer(v.layer);
  p.set_run(v.run);
  p.set_time(v.time);
}

Provenance get(const proto::Provenance& p) { return {p.model(), p.layer(), p.run(), p.time()}; }

template <class Knobs>
void append(const Config& c, Knobs& knobs) {
  for (uint16_t v : c.value) knobs.Add(v);
}

/// Knobs that came after the record was written are 0, as in a group that does not have them.
template <class Iterator>
std::optional<Config> config_from(Iterator begin, Iterator end) {
  if (end - begin > knob_count) return std::nullopt;
  Config c;
  for (size_t i = 0; begin != end; ++begin, ++i) {
    if (*begin > UINT16_MAX) return std::nullopt;
    c.value[i] = static_cast<uint16_t>(*begin);
  }
  return c;
}

std::optional<std::vector<Config>> configs_from(const google::protobuf::RepeatedField<uint32_t>& knobs,
                                                uint32_t width) {
  if (width == 0 || width > knob_count || knobs.size() % static_cast<int>(width) != 0) return std::nullopt;
  std::vector<Config> configs;
  for (int i = 0; i < knobs.size(); i += static_cast<int>(width)) {
    const auto c = config_from(knobs.begin() + i, knobs.begin() + i + width);
    if (!c) return std::nullopt;
    configs.push_back(*c);
  }
  return configs;
}

bool is_cycles(double v) { return std::isfinite(v) && v > 0; }
bool is_optional_cycles(double v) { return std::isfinite(v) && v >= 0; }

/// The subject that a key and the stored environment agree on.
std::optional<Subject> subject_from(std::string_view key, const proto::Environment& stored) {
  const auto parts = split_key(key);
  if (!parts) return std::nullopt;
  auto signature = signature_of_key(parts->signature);
  Environment environment = get(stored);
  if (!signature || hash_of(environment) != parts->environment) return std::nullopt;
  return Subject{std::move(*signature), parts->source, std::move(environment)};
}

std::string tail(Source source, const Environment& e) {
  std::string bytes(1, static_cast<char>(source));
  put_u64(bytes, hash_of(e));
  return bytes;
}

constexpr uint8_t rule_flag = 1, model_best_flag = 2, sliced_flag = 4;

/// Of format 1: a message per result.
bool read_messages(const proto::Entry& p, std::span<const Provenance> provenances, std::vector<Measured>& results) {
  const auto width = static_cast<int>(std::min<uint32_t>(p.knob_count(), knob_count + 1));
  if (p.knobs_size() != width * p.results_size()) return false;
  for (int i = 0; i < p.results_size(); ++i) {
    const proto::Result& r = p.results(i);
    const auto shared = p.knobs().begin() + width * i;
    const auto config =
        width > 0 ? config_from(shared, shared + width) : config_from(r.knobs().begin(), r.knobs().end());
    if (!config || r.provenance() >= provenances.size()) return false;
    results.push_back(
        {*config, r.cycles(), r.cold_cycles(), r.rule(), r.model_best(), provenances[r.provenance()], r.sliced()});
  }
  return true;
}

void write_columns(const std::vector<Measured>& results, proto::Entry& p) {
  std::vector<const Provenance*> known;
  std::string flags, words;
  for (const Measured& m : results) {
    for (const uint16_t v : m.config.value) {
      words.push_back(static_cast<char>(v));
      words.push_back(static_cast<char>(v >> 8));
    }
    p.add_cycles(m.cycles);
    p.add_cold_cycles(m.cold_cycles);
    flags.push_back(static_cast<char>((m.rule ? rule_flag : 0) | (m.model_best ? model_best_flag : 0) |
                                      (m.sliced ? sliced_flag : 0)));
    const auto same = std::find_if(known.begin(), known.end(), [&](auto* k) { return *k == m.provenance; });
    p.add_provenance(static_cast<uint32_t>(same - known.begin()));
    if (same == known.end()) {
      known.push_back(&m.provenance);
      set(m.provenance, *p.add_provenances());
    }
  }
  const auto all_zero = [](const auto& column) {
    return std::all_of(column.begin(), column.end(), [](auto v) { return v == 0; });
  };
  if (all_zero(p.cold_cycles())) p.clear_cold_cycles();
  if (all_zero(p.provenance())) p.clear_provenance();
  if (!all_zero(flags)) p.set_flags(std::move(flags));
  p.set_knob_words(std::move(words));
  p.set_knob_count(knob_count);
}

bool read_columns(const proto::Entry& p, std::span<const Provenance> provenances, std::vector<Measured>& results) {
  const auto count = static_cast<size_t>(p.cycles_size()), width = static_cast<size_t>(p.knob_count());
  const auto fits = [&](size_t size) { return size == 0 || size == count; };
  const bool whole = width <= knob_count && p.knob_words().size() == 2 * width * count && fits(p.flags().size()) &&
                     fits(static_cast<size_t>(p.cold_cycles_size())) && fits(static_cast<size_t>(p.provenance_size()));
  if (!whole) return false;
  const char* word = p.knob_words().data();
  results.resize(count);
  for (size_t i = 0; i < count; ++i) {
    const int at = static_cast<int>(i);
    Measured& m = results[i];
    for (size_t k = 0; k < width; ++k, word += 2)
      m.config.value[k] = static_cast<uint16_t>(static_cast<uint8_t>(word[0]) | static_cast<uint8_t>(word[1]) << 8);
    m.cycles = p.cycles(at);
    if (p.cold_cycles_size() > 0) m.cold_cycles = p.cold_cycles(at);
    const auto flags = static_cast<uint8_t>(p.flags().empty() ? 0 : p.flags()[i]);
    m.rule = flags & rule_flag;
    m.model_best = flags & model_best_flag;
    m.sliced = flags & sliced_flag;
    const size_t who = p.provenance_size() > 0 ? p.provenance(at) : 0;
    if (who >= provenances.size()) return false;
    m.provenance = provenances[who];
  }
  return true;
}

bool sound(const Measured& m) { return is_cycles(m.cycles) && is_optional_cycles(m.cold_cycles); }

}  // namespace

uint64_t hash_of(std::string_view text, uint64_t seed) {
  constexpr uint64_t multiplier = 0x9e3779b97f4a7c15;  // 2^64 / golden ratio, odd
  uint64_t h = seed ^ (text.size() * multiplier);
  for (; !text.empty(); text.remove_prefix(std::min(text.size(), sizeof(uint64_t)))) {
    unsigned char bytes[8] = {};
    std::memcpy(bytes, text.data(), std::min(text.size(), sizeof bytes));
    uint64_t word = 0;
    if constexpr (std::endian::native == std::endian::little) {
      std::memcpy(&word, bytes, sizeof word);
    } else {
      for (int i = 7; i >= 0; --i) word = word << 8 | bytes[i];
    }
    h = std::rotl((h ^ word) * multiplier, 29);
  }
  h = (h ^ h >> 33) * 0xff51afd7ed558ccd;
  h = (h ^ h >> 33) * 0xc4ceb9fe1a85ec53;
  return h ^ h >> 33;
}

uint64_t hash_of(const Environment& e) {
  std::string bytes;
  put_u64(bytes, e.target_hash);
  put_u64(bytes, uint64_t{e.kernel_version} << 32 | e.arithmetic_version);
  return hash_of(bytes + e.simulator);
}

std::string key_of(const Subject& s) { return key_of(s.signature) + tail(s.source, s.environment); }

std::optional<SubjectKey> split_key(std::string_view key) {
  if (key.size() < subject_tail_bytes + dimension_bytes) return std::nullopt;
  const std::string_view end = key.substr(key.size() - subject_tail_bytes);
  const auto source = static_cast<uint8_t>(end[0]);
  if (source >= sources.size()) return std::nullopt;
  return SubjectKey{key.substr(0, key.size() - subject_tail_bytes), static_cast<Source>(source),
                    get_u64(end.substr(1))};
}

std::string key_of(const Failure& f) {
  std::string key = key_of(f.subject);
  size_t knobs = knob_count;  // without trailing zeros, so that a further knob changes no key
  while (knobs > 0 && f.config.value[knobs - 1] == 0) --knobs;
  for (size_t i = 0; i < knobs; ++i) {
    key.push_back(static_cast<char>(f.config.value[i] >> 8));
    key.push_back(static_cast<char>(f.config.value[i]));
  }
  key.push_back(static_cast<char>(knobs));
  return key;
}

std::string plan_prefix(const PlanSubject& s) {
  std::string text;
  const auto append_sized = [&](const std::string& bytes) {
    put_u64(text, bytes.size());
    text += bytes;
  };
  put_u64(text, s.groups.size());
  for (const Signature& g : s.groups) append_sized(key_of(g));
  for (const auto& [from, to] : s.edges)
    put_u64(text, uint64_t{static_cast<uint32_t>(from)} << 32 | static_cast<uint32_t>(to));
  std::string key;
  put_u64(key, hash_of(text, 0));
  put_u64(key, hash_of(text, 1));
  return key;
}

std::string key_of(const PlanSubject& s) { return plan_prefix(s) + tail(s.source, s.environment); }

std::string encode(std::string_view key, const Entry& e) {
  proto::Entry p;
  set(e.subject.environment, *p.mutable_environment());
  write_columns(e.results, p);
  p.set_evaluations(e.evaluations);
  p.set_worst_cycles(e.worst_cycles);
  p.set_cursor(e.cursor);
  if (e.settled) {
    proto::Settled& s = *p.mutable_settled();
    s.set_strategy(e.settled->strategy);
    s.set_reason(e.settled->reason);
    s.set_space_raw(e.settled->space_raw);
    s.set_space_feasible(e.settled->space_feasible);
    s.set_time(e.settled->time);
  }
  return seal(key, p);
}

std::optional<Entry> decode_entry(std::string_view key, std::string_view value) {
  alignas(8) std::array<char, 4096> block;  // columns of a full entry fit: no allocation while parsing
  google::protobuf::ArenaOptions in_block;
  in_block.initial_block = block.data();
  in_block.initial_block_size = block.size();
  google::protobuf::Arena arena(in_block);
  auto& p = *google::protobuf::Arena::CreateMessage<proto::Entry>(&arena);
  if (!unseal(key, value, p)) return std::nullopt;
  auto subject = subject_from(key, p.environment());
  if (!subject) return std::nullopt;
  Entry e;
  e.subject = std::move(*subject);
  std::vector<Provenance> provenances;
  for (const proto::Provenance& v : p.provenances()) provenances.push_back(get(v));
  const bool read =
      p.cycles_size() > 0 ? read_columns(p, provenances, e.results) : read_messages(p, provenances, e.results);
  if (!read || !std::all_of(e.results.begin(), e.results.end(), sound)) return std::nullopt;
  e.evaluations = p.evaluations();
  e.worst_cycles = p.worst_cycles();
  e.cursor = p.cursor();
  if (p.has_settled()) {
    const proto::Settled& s = p.settled();
    e.settled = Settled{s.strategy(), s.reason(), s.space_raw(), s.space_feasible(), s.time()};
  }
  return e;
}

std::string encode(std::string_view key, const Failure& f) {
  proto::Failure p;
  set(f.subject.environment, *p.mutable_environment());
  p.set_kind(static_cast<uint32_t>(f.reason.kind));
  p.set_message(f.reason.message);
  set(f.provenance, *p.mutable_provenance());
  return seal(key, p);
}

std::optional<Failure> decode_failure(std::string_view key, std::string_view value) {
  proto::Failure p;
  if (key.empty() || !unseal(key, value, p)) return std::nullopt;
  const size_t knobs = static_cast<uint8_t>(key.back());
  if (knobs > knob_count || key.size() < 2 * knobs + 1) return std::nullopt;
  const std::string_view config = key.substr(key.size() - 2 * knobs - 1, 2 * knobs);
  auto subject = subject_from(key.substr(0, key.size() - 2 * knobs - 1), p.environment());
  const auto kind = static_cast<FailureKind>(p.kind());
  if (!subject || p.kind() > UINT8_MAX || !failure_named(name_of(kind))) return std::nullopt;
  Failure f{std::move(*subject), {}, {kind, p.message()}, get(p.provenance())};
  for (size_t i = 0; i < knobs; ++i) {
    f.config.value[i] =
        static_cast<uint16_t>(static_cast<uint8_t>(config[2 * i]) << 8 | static_cast<uint8_t>(config[2 * i + 1]));
  }
  return f;
}

std::string encode(std::string_view key, const Run& r) {
  proto::Run p;
  p.set_id(r.id);
  p.set_command(r.command);
  p.set_model(r.model);
  p.set_target(r.target);
  p.set_seed(r.seed);
  p.set_measurements(r.measurements);
  p.set_started(r.started);
  p.set_finished(r.finished);
  return seal(key, p);
}

std::optional<Run> decode_run(std::string_view key, std::string_view value) {
  proto::Run p;
  if (!unseal(key, value, p) || p.id() != key) return std::nullopt;
  return Run{p.id(), p.command(), p.model(), p.target(), p.seed(), p.measurements(), p.started(), p.finished()};
}

std::string encode(std::string_view key, const PlanEntry& e) {
  proto::Plan p;
  set(e.subject.environment, *p.mutable_environment());
  for (const Signature& g : e.subject.groups) p.add_groups(key_of(g));
  for (const auto& [from, to] : e.subject.edges) {
    p.add_edges(from);
    p.add_edges(to);
  }
  p.set_knob_count(knob_count);
  for (const Config& c : e.configs) append(c, *p.mutable_knobs());
  p.set_detail(e.detail);
  p.set_cycles(e.cycles);
  p.set_cold_cycles(e.cold_cycles);
  set(e.provenance, *p.mutable_provenance());
  return seal(key, p);
}

std::optional<PlanEntry> decode_plan(std::string_view key, std::string_view value) {
  proto::Plan p;
  if (!unseal(key, value, p) || key.size() < subject_tail_bytes || p.edges_size() % 2 != 0) return std::nullopt;
  PlanEntry e;
  const auto source = static_cast<uint8_t>(key[key.size() - subject_tail_bytes]);
  if (source >= sources.size() || !is_cycles(p.cycles()) || !is_optional_cycles(p.cold_cycles())) return std::nullopt;
  e.subject.source = static_cast<Source>(source);
  e.subject.environment = get(p.environment());
  for (const std::string& g : p.groups()) {
    auto signature = signature_of_key(g);
    if (!signature) return std::nullopt;
    e.subject.groups.push_back(std::move(*signature));
  }
  for (int i = 0; i < p.edges_size(); i += 2) e.subject.edges.emplace_back(p.edges(i), p.edges(i + 1));
  auto configs = configs_from(p.knobs(), p.knob_count());
  if (!configs || configs->size() != e.subject.groups.size() || key_of(e.subject) != key) return std::nullopt;
  e.configs = std::move(*configs);
  e.detail = p.detail();
  e.cycles = p.cycles();
  e.cold_cycles = p.cold_cycles();
  e.provenance = get(p.provenance());
  return e;
}

std::string encode(std::string_view key, const TrialList& trials) {
  proto::Trials p;
  p.set_knob_count(knob_count);
  for (const auto& [config, cycles] : trials) {
    append(config, *p.mutable_knobs());
    p.add_cycles(cycles);
  }
  return seal(key, p);
}

std::optional<TrialList> decode_trials(std::string_view key, std::string_view value) {
  proto::Trials p;
  if (!unseal(key, value, p)) return std::nullopt;
  const auto configs = configs_from(p.knobs(), p.knob_count());
  if (!configs || static_cast<int>(configs->size()) != p.cycles_size()) return std::nullopt;
  TrialList trials;
  for (size_t i = 0; i < configs->size(); ++i) {
    if (!is_cycles(p.cycles(static_cast<int>(i)))) return std::nullopt;
    trials.emplace_back((*configs)[i], p.cycles(static_cast<int>(i)));
  }
  return trials;
}

}  // namespace ares::kb
