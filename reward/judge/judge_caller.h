#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <string>

#include "common/clock/deadline.h"
#include "common/http/http_client.h"
#include "common/types/reward_table.h"
#include "reward/circuit_breaker.h"
#include "reward/extension_config.h"
#include "reward/retry_pause.h"

namespace ume {

// Asks one judge, with retries behind a circuit breaker. Thread-safe: each
// thread brings its own HttpClient.
class JudgeCaller {
 public:
  // api_key: empty: none is sent. The clock is borrowed.
  JudgeCaller(const ExtensionConfig& config,
              const std::string& api_key,
              const Clock& clock);

  // A value, invalid(reason) where the judge answered but gave no score, or
  // failed(reason), after at most 1 + retries attempts: overload (429, 5xx),
  // silence, broken connections and answers that are no score are tried again,
  // after Retry-After where the judge sets it; other statuses are not. Never
  // later than the deadline.
  RewardCell ask(const std::string& prompt,
                 HttpClient& client,
                 const Deadline& deadline);

  void report(std::map<std::string, double>& metrics) const;
  double blocked_seconds() const { return breaker_.blocked_seconds(); }

 private:
  struct Attempt {
    bool again = false;  // failed in a way that may pass
    double pause_seconds = 0.0;
    RewardCell cell;
  };
  Attempt attempt(const std::string& body,
                  HttpClient& client,
                  double timeout_seconds);
  Attempt judged(const HttpResponse& response);
  Attempt scored(const std::string& body);

  const ExtensionConfig config_;
  std::vector<std::string> headers_;
  CircuitBreaker breaker_;
  RetryPause pause_;
  std::atomic<uint64_t> num_calls_{0};
  std::atomic<uint64_t> num_failures_{0};
  std::atomic<uint64_t> num_retries_{0};
  std::atomic<uint64_t> num_unreadable_{0};
};

}  // namespace ume
