#pragma once

#include <cstdint>
#include <mutex>

#include "common/random/philox.h"

namespace ume {

// How long to wait before another attempt: doubles from 0.1 s to at most 10 s,
// and a random half of it, so that many callers do not come back together.
// Thread-safe.
class RetryPause {
 public:
  explicit RetryPause(uint64_t seed) : random_(seed) {}

  // attempt: 1 for the pause after the first one. Seconds.
  double after(int64_t attempt) {
    double pause = 0.1;
    for (int64_t i = 1; i < attempt && pause < 10.0; ++i) pause *= 2.0;
    const std::lock_guard lock(mu_);
    return (pause < 10.0 ? pause : 10.0) * (0.5 + 0.5 * random_.uniform());
  }

 private:
  std::mutex mu_;
  RandomStream random_;  // guarded by mu_
};

// A seed that another process does not have.
uint64_t process_seed();

}  // namespace ume
