#pragma once

#include <cstdint>

namespace ume {

// Watches a number of things left to do that should keep falling.
class StallWatch {
 public:
  // seconds: how long it may stand still.
  explicit StallWatch(double seconds) : seconds_(seconds) {}

  // To be told the number now and then. True once it has not fallen for longer
  // than that.
  bool stalled(int64_t left, double now_seconds) {
    if (stall_at_ < 0.0 || left < left_) stall_at_ = now_seconds + seconds_;
    left_ = left;
    return now_seconds > stall_at_;
  }

 private:
  const double seconds_;
  double stall_at_ = -1.0;  // negative: not told yet
  int64_t left_ = 0;
};

}  // namespace ume
