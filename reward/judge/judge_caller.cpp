#include "reward/judge/judge_caller.h"

#include <algorithm>
#include <exception>

#include "common/error/error.h"
#include "common/text/utf8.h"
#include "reward/judge/judge_prompt.h"

namespace ume {
namespace {

constexpr size_t kShownBytes = 200;
constexpr size_t kMaxReasonBytes = 1000;

RewardCell failed(const std::string& why) {
  return {CellState::kFailed, 0.0, shortened_utf8(why, kMaxReasonBytes)};
}

}  // namespace

JudgeCaller::JudgeCaller(const ExtensionConfig& config,
                         const std::string& api_key,
                         const Clock& clock)
    : config_(config),
      headers_({"Content-Type: application/json", "Expect:"}),
      breaker_({config.breaker_failures, config.breaker_seconds}, clock),
      pause_(process_seed()) {
  if (!api_key.empty()) headers_.push_back("Authorization: Bearer " + api_key);
}

// What the judge says instead of a score is about this completion alone: it is
// no fault of the service.
JudgeCaller::Attempt JudgeCaller::scored(const std::string& body) {
  const JudgeScore score =
      judge_score(body, config_.score_min, config_.score_max);
  if (!score.answered) {
    breaker_.failed(score.reason);
    return {true, 0.0, failed(score.reason)};
  }
  breaker_.succeeded();
  if (score.valid) return {false, 0.0, {CellState::kValue, score.value, ""}};
  ++num_unreadable_;
  return {true, 0.0, {CellState::kInvalid, 0.0, score.reason}};
}

JudgeCaller::Attempt JudgeCaller::judged(const HttpResponse& response) {
  if (response.status == 200) return scored(response.body);
  const std::string why =
      config_.url + " answered " + std::to_string(response.status) + ": " +
      replace_invalid_utf8(response.body.substr(0, kShownBytes));
  const bool overload = response.status == 429;
  // Who asks to come later is not out of order.
  if (overload) {
    breaker_.succeeded();
  } else {
    breaker_.failed(why);
  }
  return {overload || response.status >= 500, response.retry_after_seconds,
          failed(why)};
}

JudgeCaller::Attempt JudgeCaller::attempt(const std::string& body,
                                          HttpClient& client,
                                          double timeout_seconds) {
  HttpPost post;
  post.url = config_.url;
  post.headers = headers_;
  post.body = body;
  post.timeout_seconds = timeout_seconds;
  post.max_response_bytes = static_cast<uint64_t>(config_.max_response_kb)
                            << 10;
  try {
    return judged(client.post(post));
  } catch (const InvalidInput& error) {  // would be too long again
    breaker_.failed(error.what());
    return {false, 0.0, failed(error.what())};
  } catch (const std::exception& error) {
    breaker_.failed(error.what());
    return {true, 0.0, failed(error.what())};
  }
}

RewardCell JudgeCaller::ask(const std::string& prompt,
                            HttpClient& client,
                            const Deadline& deadline) {
  ++num_calls_;
  const std::string body = judge_request(config_.model, prompt);
  Attempt last;
  for (int64_t i = 0; i <= config_.retries; ++i) {
    // The breaker may wait for another thread's attempt.
    std::optional<std::string> obstacle =
        breaker_.refusal(deadline.remaining_seconds());
    const double timeout =
        std::min(static_cast<double>(config_.timeout_ms) * 1e-3,
                 deadline.remaining_seconds());
    if (!obstacle && timeout <= 0.0) {
      obstacle = "deadline_ms of the cohort was over";
    }
    if (obstacle) {
      // An answer that was no score stays what it is.
      if (last.cell.state != CellState::kInvalid) last.cell = failed(*obstacle);
      break;
    }
    last = attempt(body, client, timeout);
    if (!last.again || i == config_.retries) break;
    ++num_retries_;
    const double pause = std::max(last.pause_seconds, pause_.after(i + 1));
    if (pause >= deadline.remaining_seconds()) break;
    nap(pause);
  }
  if (last.cell.state == CellState::kFailed) ++num_failures_;
  return last.cell;
}

void JudgeCaller::report(std::map<std::string, double>& metrics) const {
  metrics["breaker_state"] = static_cast<double>(breaker_.state());
  metrics["calls"] = static_cast<double>(num_calls_);
  metrics["failures"] = static_cast<double>(num_failures_);
  metrics["retries"] = static_cast<double>(num_retries_);
  metrics["unreadable"] = static_cast<double>(num_unreadable_);
}

}  // namespace ume
