// Records to and from the bytes they are stored as.
//
// A value is one byte of format, a checksum over its key and its payload, and the payload (kb.proto). Whatever was not
// written like that (another format, damaged bytes, a value under the wrong key) does not decode: nullopt, and the
// knowledge base treats it as a miss.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "kb/record.hpp"

namespace ares::kb {

/// 64 bits that change with any bit of the text (multiply and rotate over 8-byte words, finished as in MurmurHash3's
/// fmix64). Stable: it is stored.
uint64_t hash_of(std::string_view text, uint64_t seed = 0);

/// Two environments are told apart in keys by this.
uint64_t hash_of(const Environment& e);

/// Key of an entry: signature, source (the most trusted first), environment. All of a signature's are neighbours.
std::string key_of(const Subject& s);

/// The parts of an entry's key; the environment only as its hash.
struct SubjectKey {
  std::string_view signature;
  Source source;
  uint64_t environment;
};
std::optional<SubjectKey> split_key(std::string_view key);

std::string key_of(const Failure& f);           ///< that of its subject and the config
std::string key_of(const PlanSubject& s);       ///< a hash, then source and environment as above
std::string plan_prefix(const PlanSubject& s);  ///< shared by the plans of all sources and environments

std::string encode(std::string_view key, const Entry& e);
std::string encode(std::string_view key, const Failure& f);
std::string encode(std::string_view key, const Run& r);
std::string encode(std::string_view key, const PlanEntry& p);

/// What resuming needs of a report: configs with their cycles.
using TrialList = std::vector<std::pair<Config, double>>;
std::string encode(std::string_view key, const TrialList& trials);

std::optional<Entry> decode_entry(std::string_view key, std::string_view value);
std::optional<Failure> decode_failure(std::string_view key, std::string_view value);
std::optional<Run> decode_run(std::string_view key, std::string_view value);
std::optional<PlanEntry> decode_plan(std::string_view key, std::string_view value);
std::optional<TrialList> decode_trials(std::string_view key, std::string_view value);

}  // namespace ares::kb
