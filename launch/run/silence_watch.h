#pragma once

#include <algorithm>

namespace ume {

// Watches for how long a process that is asked now and then has answered
// nothing. Only time spent asking counts: an asker that was stopped itself for
// a while has not been kept waiting.
class SilenceWatch {
 public:
  // seconds: how long it may be silent; start_seconds: how much longer it may
  // take after a start.
  SilenceWatch(double seconds, double start_seconds)
      : seconds_(seconds), start_seconds_(start_seconds) {
    started();
  }

  // It was started, or is about to be.
  void started() { silent_ = -start_seconds_; }

  // To be told each time that it was asked. True once it has been silent for
  // too long.
  bool too_long(bool answered, double now_seconds) {
    constexpr double kLongestQuestion = 5.0;
    const double asking =
        std::clamp(now_seconds - asked_at_, 0.0, kLongestQuestion);
    asked_at_ = now_seconds;
    silent_ = answered ? 0.0 : silent_ + asking;
    return silent_ > seconds_;
  }

 private:
  const double seconds_;
  const double start_seconds_;
  double silent_ = 0.0;    // negative: it may still be starting
  double asked_at_ = 0.0;  // of the last question
};

}  // namespace ume
