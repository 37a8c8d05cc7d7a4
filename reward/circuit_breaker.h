#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>

#include "common/clock/clock.h"

namespace ume {

struct BreakerOptions {
  int64_t failures_to_open = 5;  // in a row
  double open_seconds = 30.0;
};

// Stops asking a service that fails. Closed: all calls go. Open, after failures
// in a row: none goes for a while. Then half-open: one call tries; its success
// closes the breaker, its failure opens it again. Thread-safe.
class CircuitBreaker {
 public:
  enum class State : uint8_t { kClosed = 0, kHalfOpen = 1, kOpen = 2 };

  // The clock is borrowed.
  CircuitBreaker(const BreakerOptions& options, const Clock& clock);

  // Why no call may be made now; nothing: make one, and say how it went.
  std::optional<std::string> refusal();
  void succeeded();
  void failed(const std::string& why);

  State state() const;

 private:
  const BreakerOptions options_;
  const Clock& clock_;
  mutable std::mutex mu_;
  // guarded by mu_
  State state_ = State::kClosed;
  int64_t failures_ = 0;  // in a row
  double open_until_ = 0.0;
  std::string last_;
};

}  // namespace ume
