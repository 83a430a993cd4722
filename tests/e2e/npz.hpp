// Reads what numpy.savez and numpy.savez_compressed write.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "core/base/npy.hpp"

namespace ares::test {

/// The arrays of a .npz file by name (without ".npy"). Throws std::runtime_error on anything unexpected.
std::map<std::string, NpyArray> read_npz(const std::filesystem::path& path);

}  // namespace ares::test
