#pragma once

#include <condition_variable>
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
  // wait_seconds: how long, in real time, to wait for the outcome of the one
  // call that tries, before it is a refusal.
  std::optional<std::string> refusal(double wait_seconds = 0.0);
  void succeeded();
  void failed(const std::string& why);

  State state() const;
  // Until a call may try again; 0 unless it is open.
  double blocked_seconds() const;

 private:
  const BreakerOptions options_;
  const Clock& clock_;
  mutable std::mutex mu_;
  std::condition_variable outcome_;  // of the call that tries
  // guarded by mu_
  State state_ = State::kClosed;
  int64_t failures_ = 0;  // in a row
  double open_until_ = 0.0;
  std::string last_;
};

}  // namespace ume
