#include "kb/family_index.hpp"

#include <algorithm>
#include <tuple>

#include "kb/codec.hpp"

namespace ares::kb {

bool FamilyIndex::later(const Near& a, const Near& b) {
  return std::tie(a.squared, a.dimensions) > std::tie(b.squared, b.dimensions);
}

FamilyIndex::Family FamilyIndex::read(const Store& store, const std::string& family) {
  Family members;
  (void)store.scan(Column::entries, family, family, [&](std::string_view key, std::string_view) {
    const auto parts = split_key(key);
    const bool whole = parts && parts->signature.size() == family.size() + dimension_bytes;
    if (!whole) return true;  // damaged: verify() reports it
    const Dimensions d = dimensions_of_key(parts->signature);
    if (members.empty() || members.back().dimensions != d) members.push_back({d, log_dimensions(d)});
    return true;
  });
  return members;
}

/// Those within the tolerance, a hair more for the rounding of float; ordered lazily, for few are asked for.
std::vector<FamilyIndex::Near> FamilyIndex::heap(const Store& store, const Signature& s, double tolerance) {
  const Dimensions own = dimensions(s);
  const LogDimensions wanted = log_dimensions(own);
  const auto reach = static_cast<float>(tolerance * tolerance * 1.0001);
  std::vector<Near> near;
  const std::lock_guard lock(mutex_);
  const std::string key = family_key(s);
  auto family = families_.find(key);
  if (family == families_.end()) family = families_.emplace(key, read(store, key)).first;
  for (const Member& m : family->second) {
    float squared = 0;
    for (size_t i = 0; i < wanted.size(); ++i) squared += (m.logs[i] - wanted[i]) * (m.logs[i] - wanted[i]);
    if (squared <= reach && m.dimensions != own) near.push_back({squared, m.dimensions});
  }
  std::make_heap(near.begin(), near.end(), later);
  return near;
}

void FamilyIndex::nearest(const Store& store, const Signature& s, double tolerance,
                          const std::function<bool(double, const Signature&)>& take) {
  std::vector<Near> near = heap(store, s, tolerance);
  for (auto end = near.end(); end != near.begin(); --end) {
    std::pop_heap(near.begin(), end, later);
    const Dimensions& found = (end - 1)->dimensions;
    const double distance = log_distance(found, dimensions(s));
    if (distance <= tolerance && !take(distance, with_dimensions(s, found))) return;
  }
}

void FamilyIndex::added(std::string_view signature_key) {
  const std::lock_guard lock(mutex_);
  const auto family = families_.find(signature_key.substr(0, signature_key.size() - dimension_bytes));
  if (family == families_.end()) return;
  const Dimensions d = dimensions_of_key(signature_key);
  Family& members = family->second;
  const auto place = std::lower_bound(members.begin(), members.end(), d,
                                      [](const Member& m, const Dimensions& v) { return m.dimensions < v; });
  if (place == members.end() || place->dimensions != d) members.insert(place, {d, log_dimensions(d)});
}

void FamilyIndex::clear() {
  const std::lock_guard lock(mutex_);
  families_.clear();
}

}  // namespace ares::kb
