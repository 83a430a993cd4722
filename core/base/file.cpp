#include "core/base/file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace ares {

Result<std::string> read_file(const std::filesystem::path& path) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) return fail(fmt::format("{}: no such file", path.string()));
  if (std::filesystem::is_directory(status)) return fail(fmt::format("{}: is a directory", path.string()));
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(fmt::format("{}: cannot be opened: {}", path.string(), std::strerror(errno)));
  std::string bytes(std::istreambuf_iterator<char>(in), {});
  if (in.bad()) return fail(fmt::format("{}: cannot be read: {}", path.string(), std::strerror(errno)));
  return bytes;
}

Result<void> write_file(const std::filesystem::path& path, std::string_view bytes) {
  std::error_code error;
  const bool special = std::filesystem::exists(path, error) && !std::filesystem::is_regular_file(path, error);
  const auto target = special ? path : std::filesystem::path(fmt::format("{}.{}.part", path.string(), getpid()));
  std::ofstream out(target, std::ios::binary | std::ios::trunc);
  out.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  out.close();
  if (!out) {
    const int reason = errno;
    if (!special) std::filesystem::remove(target, error);
    return fail(fmt::format("{}: cannot be written: {}", path.string(), std::strerror(reason)));
  }
  if (!special) std::filesystem::rename(target, path, error);
  if (!special && error) return fail(fmt::format("{}: cannot be written: {}", path.string(), error.message()));
  return {};
}

}  // namespace ares
