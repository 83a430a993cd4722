// NumPy .npz files: zip archives of .npy files, as numpy.savez and numpy.savez_compressed write them.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "core/base/npy.hpp"

namespace ares {

/// The arrays by name (without ".npy"). Fails (file, member, reason) on anything but an archive of well-formed arrays;
/// never takes more memory than deflate can expand the file to.
Result<std::map<std::string, NpyArray>> read_npz(const std::filesystem::path& path);

/// The same from the bytes of a file; `name` stands in messages.
Result<std::map<std::string, NpyArray>> parse_npz(std::string_view bytes, const std::string& name);

}  // namespace ares
