// The signatures of each family, in memory: nearest lookup compares dimensions only, and walking over the values that
// lie between the keys would cost more than everything else. A family is read at the first question about it.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "kb/signature.hpp"
#include "kb/store.hpp"

namespace ares::kb {

class FamilyIndex {
 public:
  /// Shows signatures of the same family that are within the tolerance (a log_distance), the nearest first, ties in the
  /// order of keys, until `take` returns false. The signature itself is none of them.
  void nearest(const Store& store, const Signature& s, double tolerance,
               const std::function<bool(double distance, const Signature&)>& take);

  /// Something was written under this signature's key.
  void added(std::string_view signature_key);

  /// Something was deleted, or written by another process.
  void clear();

 private:
  struct Member {
    Dimensions dimensions{};
    LogDimensions logs{};
  };
  using Family = std::vector<Member>;  ///< in the order of keys
  struct Near {
    float squared = 0;
    Dimensions dimensions{};
  };
  static bool later(const Near& a, const Near& b);
  static Family read(const Store& store, const std::string& family);
  std::vector<Near> heap(const Store& store, const Signature& s, double tolerance);

  std::mutex mutex_;
  std::map<std::string, Family, std::less<>> families_;
};

}  // namespace ares::kb
