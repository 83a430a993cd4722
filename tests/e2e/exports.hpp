// The full exports of real exporters that some tests read, where this machine has them.
#pragma once

#include <filesystem>
#include <vector>

namespace ares::test {

/// Folders that hold a model.qonnx, in $ARES_SHARED or in ../shared beside the repository; none, with a message, where
/// neither is there.
std::vector<std::filesystem::path> shared_exports();

}  // namespace ares::test
