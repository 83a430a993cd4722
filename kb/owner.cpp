#include "kb/owner.hpp"

#include <fcntl.h>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <boost/algorithm/string/trim.hpp>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <thread>

namespace ares::kb {
namespace {

/// Writers hold the right for as long as they run, so asking ten times a second is plenty.
constexpr std::chrono::milliseconds poll_interval{100};

std::string self() {
  char host[256] = "?";
  gethostname(host, sizeof host - 1);
  return fmt::format("process {} on {} since {:%Y-%m-%d %H:%M:%S} UTC", getpid(), host,
                     fmt::gmtime(std::time(nullptr)));
}

/// What the holder wrote into the file; it may just be about to.
std::string holder_of(int file) {
  char text[512];
  const ssize_t length = pread(file, text, sizeof text, 0);
  const std::string holder = boost::trim_copy(std::string(text, static_cast<size_t>(std::max<ssize_t>(length, 0))));
  return holder.empty() ? "another process" : holder;
}

void write_holder(int file) {
  const std::string text = self() + "\n";
  // The text is for people only: a full disk must not keep anybody from reading.
  if (ftruncate(file, 0) == 0) (void)!pwrite(file, text.data(), text.size(), 0);
}

}  // namespace

Result<Owner> Owner::acquire(const std::filesystem::path& dir, std::chrono::milliseconds wait,
                             const std::function<void(const std::string& holder)>& on_wait) {
  Owner owner(::open((dir / "OWNER").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666));
  if (owner.file_ < 0) {
    return fail(fmt::format("knowledge base {}: cannot write there: {}; choose another with --kb DIR or ARES_KB",
                            dir.string(), std::strerror(errno)));
  }
  const auto deadline = std::chrono::steady_clock::now() + wait;
  for (bool told = false; flock(owner.file_, LOCK_EX | LOCK_NB) != 0;) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      return fail(fmt::format("knowledge base {}: cannot lock it: {}", dir.string(), std::strerror(errno)));
    }
    const std::string holder = holder_of(owner.file_);
    if (std::chrono::steady_clock::now() >= deadline) {
      return fail(
          fmt::format("knowledge base {}: {} is writing to it; wait for it to end or choose another with --kb DIR",
                      dir.string(), holder));
    }
    if (!told && on_wait) on_wait(holder);
    told = true;
    std::this_thread::sleep_for(poll_interval);
  }
  write_holder(owner.file_);
  return owner;
}

Owner::~Owner() {
  if (file_ >= 0) close(file_);
}

}  // namespace ares::kb
