// Temporary knowledge bases and sample records.
#pragma once

#include <stdlib.h>

#include <filesystem>
#include <stdexcept>
#include <string>

#include "kb/knowledge_base.hpp"

namespace ares::kb::fixture {

/// A fresh directory, removed at the end.
class TemporaryDirectory {
 public:
  TemporaryDirectory() {
    std::string name = (std::filesystem::temp_directory_path() / "ares-kb-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
    path_ = name;
  }
  TemporaryDirectory(const TemporaryDirectory&) = delete;
  TemporaryDirectory& operator=(const TemporaryDirectory&) = delete;
  ~TemporaryDirectory() {
    std::error_code ec;
    std::filesystem::remove_all(path_, ec);
  }
  std::filesystem::path kb() const { return path_ / "kb"; }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

/// A 3x3 convolution with `channels` outputs on a `rows` x `rows` plane.
inline Signature conv_signature(int channels = 64, int rows = 14, uint32_t l1_kib = 96) {
  GroupShape g;
  g.in = {rows, rows, 32};
  g.out = {rows, rows, channels};
  g.window = {3, 3, 1, 1, 1, 1, 1, 1, 1, 1};
  Context c;
  c.l1_bytes = l1_kib * 1024;
  return make_signature(g, c, "gap9", RequantPolicy::fast);
}

inline Environment environment(uint32_t kernel_version = 1) { return {0x1234, kernel_version, 1, "simulator 1"}; }

inline CurrentEnvironment current(uint32_t kernel_version = 1) {
  return {{0x1234, kernel_version, 1, {}}, {"simulator 1", "simulator 1", "simulator 1"}};
}

inline Subject subject(const Signature& s = conv_signature(), Source source = Source::event,
                       uint32_t kernel_version = 1) {
  return {s, source, environment(kernel_version)};
}

inline Config config(uint16_t tile_h, uint16_t tile_co = 16) {
  Config c;
  c[Knob::tile_h] = tile_h;
  c[Knob::tile_w] = 14;
  c[Knob::tile_co] = tile_co;
  c[Knob::buf_in] = 2;
  c[Knob::kernel] = 8;
  return c;
}

inline Trial trial(uint16_t tile_h, double cycles) {
  Trial t;
  t.config = config(tile_h);
  t.cycles = cycles;
  return t;
}

inline Trial failed_trial(uint16_t tile_h, FailureKind kind, const std::string& message) {
  Trial t;
  t.config = config(tile_h);
  t.failure = FailureReason{kind, message};
  return t;
}

inline const Provenance origin{"digits", "conv1", "run-1", 1700000000};

inline KnowledgeBase opened(const std::filesystem::path& dir, const OpenOptions& options = {}) {
  return value_or_throw(KnowledgeBase::open(dir, options));
}

}  // namespace ares::kb::fixture
