#include "kb/record.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <ctime>

namespace ares::kb {
namespace {

constexpr std::array<const char*, 3> source_names{"board", "gvsoc", "event"};
constexpr std::array<const char*, 5> failure_names{"does_not_fit", "build_failed", "wrong_output", "timeout",
                                                   "crashed"};

template <class E, size_t n>
std::optional<E> named(const std::array<const char*, n>& names, std::string_view name) {
  const auto it = std::find(names.begin(), names.end(), name);
  if (it == names.end()) return std::nullopt;
  return static_cast<E>(it - names.begin());
}

const Measured* first_where(const Entry& e, bool Measured::*flag) {
  const auto it = std::find_if(e.results.begin(), e.results.end(), [&](const Measured& m) { return m.*flag; });
  return it == e.results.end() ? nullptr : &*it;
}

}  // namespace

const char* name_of(Source s) {
  return static_cast<size_t>(s) < source_names.size() ? source_names[static_cast<size_t>(s)] : "?";
}
std::optional<Source> source_named(std::string_view name) { return named<Source>(source_names, name); }

const char* name_of(FailureKind k) {
  return static_cast<size_t>(k) < failure_names.size() ? failure_names[static_cast<size_t>(k)] : "?";
}
std::optional<FailureKind> failure_named(std::string_view name) { return named<FailureKind>(failure_names, name); }

Environment CurrentEnvironment::of(Source s) const {
  Environment e = common;
  e.simulator = simulator[static_cast<size_t>(s)];
  return e;
}

bool CurrentEnvironment::matches(Source s, const Environment& recorded) const {
  const Environment e = of(s);
  return e.target_hash == recorded.target_hash && e.kernel_version == recorded.kernel_version &&
         e.arithmetic_version == recorded.arithmetic_version &&
         (e.simulator.empty() || e.simulator == recorded.simulator);
}

const Measured* Entry::rule() const { return first_where(*this, &Measured::rule); }
const Measured* Entry::model_best() const { return first_where(*this, &Measured::model_best); }

std::string new_run_id() {
  static std::atomic<uint32_t> count{0};
  char host[256] = "host";
  gethostname(host, sizeof host - 1);
  return fmt::format("{:%Y%m%dT%H%M%S}Z-{}-{}-{}", fmt::gmtime(std::time(nullptr)), host, getpid(), count++);
}

}  // namespace ares::kb
