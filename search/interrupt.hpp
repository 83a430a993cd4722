// Ctrl-C and SIGTERM as a flag: what runs looks at it and ends in good order.
#pragma once

#include <atomic>

namespace ares {

/// Becomes true with the first SIGINT or SIGTERM from now on; a second one ends the process at once.
const std::atomic<bool>& interruption();

}  // namespace ares
