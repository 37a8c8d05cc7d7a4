#include "actors/progress_report.h"

#include <variant>

#include "common/error/error.h"

namespace ume {
namespace {

constexpr double kBetweenSeconds = 1.0;
constexpr double kAnswerSeconds = 0.25;
constexpr double kAfterSilenceSeconds = 10.0;

}  // namespace

ProgressReport::ProgressReport(RequestClient& client, const Clock& clock)
    : client_(client),
      clock_(clock),
      next_seconds_(clock.now_seconds() + kBetweenSeconds) {}

void ProgressReport::tell(const ProgressRequest& request) {
  if (clock_.now_seconds() < next_seconds_) return;
  double pause = kBetweenSeconds;
  try {
    const Reply reply = client_.call(request, kAnswerSeconds);
    if (std::holds_alternative<RefusedReply>(reply)) {
      pause = kAfterSilenceSeconds;
    }
  } catch (const Error&) {
    // What is wrong will show when the item's result is reported.
    pause = kAfterSilenceSeconds;
  }
  next_seconds_ = clock_.now_seconds() + pause;
}

}  // namespace ume
