#include "common/clock/clock.h"

#include <time.h>

#include <algorithm>
#include <cmath>

#include "common/clock/deadline.h"
#include "common/error/error.h"
#include "common/text/printable.h"

namespace ume {

double SystemClock::now_seconds() const {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) +
         1e-9 * static_cast<double>(time.tv_nsec);
}

Deadline::Deadline(const Clock& clock,
                   double timeout_seconds,
                   std::string waiting_for)
    : clock_(clock),
      timeout_seconds_(timeout_seconds),
      end_seconds_(clock.now_seconds() + timeout_seconds),
      waiting_for_(std::move(waiting_for)) {}

double Deadline::remaining_seconds() const {
  return std::max(0.0, end_seconds_ - clock_.now_seconds());
}

void Deadline::check() const {
  if (expired()) {
    throw DeadlineExceeded("waited " + short_number(timeout_seconds_) +
                           " s for " + waiting_for_);
  }
}

void nap(double seconds) {
  if (seconds <= 0.0) {
    return;
  }
  timespec time{};
  time.tv_sec = static_cast<time_t>(std::floor(seconds));
  time.tv_nsec = static_cast<long>((seconds - std::floor(seconds)) * 1e9);
  nanosleep(&time, nullptr);
}

}  // namespace ume
