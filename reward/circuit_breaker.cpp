#include "reward/circuit_breaker.h"

#include <algorithm>
#include <chrono>

namespace ume {

CircuitBreaker::CircuitBreaker(const BreakerOptions& options,
                               const Clock& clock)
    : options_(options), clock_(clock) {}

std::optional<std::string> CircuitBreaker::refusal(double wait_seconds) {
  std::unique_lock lock(mu_);
  if (wait_seconds > 0.0) {
    outcome_.wait_for(lock, std::chrono::duration<double>(wait_seconds),
                      [this] { return state_ != State::kHalfOpen; });
  }
  if (state_ == State::kClosed) return std::nullopt;
  if (state_ == State::kOpen && clock_.now_seconds() >= open_until_) {
    state_ = State::kHalfOpen;  // the caller's is the one that tries
    return std::nullopt;
  }
  return "not tried: the circuit breaker is open after " +
         std::to_string(failures_) + " failures in a row, the last: " + last_;
}

void CircuitBreaker::succeeded() {
  const std::lock_guard lock(mu_);
  state_ = State::kClosed;
  failures_ = 0;
  outcome_.notify_all();
}

void CircuitBreaker::failed(const std::string& why) {
  const std::lock_guard lock(mu_);
  ++failures_;
  last_ = why.substr(0, 500);
  if (state_ == State::kHalfOpen || failures_ >= options_.failures_to_open) {
    state_ = State::kOpen;
    open_until_ = clock_.now_seconds() + options_.open_seconds;
    outcome_.notify_all();
  }
}

double CircuitBreaker::blocked_seconds() const {
  const std::lock_guard lock(mu_);
  if (state_ != State::kOpen) return 0.0;
  return std::max(0.0, open_until_ - clock_.now_seconds());
}

CircuitBreaker::State CircuitBreaker::state() const {
  const std::lock_guard lock(mu_);
  return state_;
}

}  // namespace ume
