#include "reward/external/external_term.h"

#include <exception>
#include <mutex>
#include <utility>

#include "common/clock/deadline.h"
#include "common/error/error.h"
#include "common/wire/score_codec.h"
#include "common/wire/zmq_caller.h"
#include "reward/circuit_breaker.h"
#include "reward/extension_input.h"
#include "reward/retry_pause.h"
#include "reward/secret_file.h"

namespace ume {
namespace {

ZmqCallerOptions caller_options(const ExtensionConfig& config) {
  ZmqCallerOptions options{config.endpoint, config.server_key, ""};
  if (!config.key_file.empty()) {
    options.secret_key = read_secret_file(config.key_file);
  }
  return options;
}

std::string policy_text(const ExtensionConfig& config) {
  std::string text = config.endpoint + "\n" + config.version;
  for (const auto& [key, value] : config.params) {
    text += "\n" + key + "\n" + value;
  }
  return text;
}

class ExternalTerm : public RewardPolicy {
 public:
  explicit ExternalTerm(const ExtensionConfig& config)
      : config_(config),
        policy_(policy_text(config)),
        breaker_({config.breaker_failures, config.breaker_seconds}, clock_),
        pause_(process_seed()),
        caller_(caller_options(config)) {}

  std::string_view name() const override { return "external"; }
  bool compares_pairs() const override { return false; }

  RewardColumn score(const CohortView& view) const override {
    const std::lock_guard lock(mu_);
    ++num_calls_;
    if (const auto refusal = breaker_.refusal()) throw Unavailable(*refusal);
    ScoreReply reply;
    try {
      reply = ask(extension_input(view), view.num_rows());
    } catch (const std::exception& error) {
      ++num_failures_;
      breaker_.failed(error.what());
      throw;
    }
    breaker_.succeeded();
    return {"", std::move(reply.query), std::move(reply.target)};
  }

  double blocked_seconds() const override { return breaker_.blocked_seconds(); }

  void report(std::map<std::string, double>& metrics) const override {
    metrics["breaker_state"] = static_cast<double>(breaker_.state());
    const std::lock_guard lock(mu_);
    metrics["calls"] = static_cast<double>(num_calls_);
    metrics["failures"] = static_cast<double>(num_failures_);
    metrics["retries"] = static_cast<double>(num_retries_);
  }

 private:
  ScoreReply ask(Cohort input, int64_t num_rows) const {
    ScoreRequest request;
    request.request_id = ++last_request_;
    request.key = score_key(input, policy_);
    request.deadline_ms = config_.timeout_ms;
    request.params = config_.params;
    request.cohort = std::move(input);
    const std::string bytes = encode_score_request(request);
    for (int64_t attempt = 0; attempt <= config_.retries; ++attempt) {
      if (attempt > 0) {
        ++num_retries_;
        nap(pause_.after(attempt));
      }
      if (auto reply = ask_once(bytes, request.request_id, num_rows)) {
        return std::move(*reply);
      }
    }
    throw DeadlineExceeded(config_.endpoint + " did not answer " +
                           std::to_string(config_.retries + 1) +
                           " times within " +
                           std::to_string(config_.timeout_ms) + " ms");
  }

  // Nothing: no answer in time. Throws for an answer that cannot be used.
  std::optional<ScoreReply> ask_once(const std::string& request,
                                     uint64_t request_id,
                                     int64_t num_rows) const {
    std::optional<ScoreReply> reply;
    const auto accept = [&](const std::string& bytes) {
      ScoreReply candidate = decode_score_reply(bytes, num_rows);
      if (candidate.request_id != request_id) return false;  // to another
      reply = std::move(candidate);
      return true;
    };
    caller_.call(request, accept,
                 static_cast<double>(config_.timeout_ms) * 1e-3);
    if (!reply) return std::nullopt;
    if (!reply->refusal.empty()) {
      throw InvalidInput(config_.endpoint + " refused: " + reply->refusal);
    }
    if (!config_.version.empty() && reply->version != config_.version) {
      throw InvalidInput(config_.endpoint + " is version '" + reply->version +
                         "', the configuration expects '" + config_.version +
                         "'");
    }
    return reply;
  }

  const ExtensionConfig config_;
  const std::string policy_;
  const SystemClock clock_;
  mutable CircuitBreaker breaker_;
  mutable RetryPause pause_;
  mutable std::mutex mu_;
  // guarded by mu_
  mutable ZmqCaller caller_;
  mutable uint64_t last_request_ = 0;
  mutable uint64_t num_calls_ = 0;
  mutable uint64_t num_failures_ = 0;
  mutable uint64_t num_retries_ = 0;
};

}  // namespace

std::unique_ptr<RewardPolicy> make_external_term(
    const RewardTermConfig& config) {
  config.extension.validate(config.name, "reward.terms." + config.column());
  try {
    return std::make_unique<ExternalTerm>(config.extension);
  } catch (const Error& error) {
    throw ConfigError("reward.terms." + config.column() + ": " + error.what());
  }
}

}  // namespace ume
