#include "reward/extension/retry_pause.h"

#include <unistd.h>

#include <bit>

#include "common/clock/clock.h"

namespace ume {

uint64_t process_seed() {
  return std::bit_cast<uint64_t>(SystemClock().now_seconds()) ^
         static_cast<uint64_t>(getpid());
}

}  // namespace ume
