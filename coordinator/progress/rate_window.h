#pragma once

#include <cstdint>
#include <deque>
#include <utility>

namespace ume {

// Events per second over the last minute or so. For display.
class RateWindow {
 public:
  void add(double now, double count) {
    events_.emplace_back(now, count);
    trim(now);
  }
  double per_second(double now) const {
    if (events_.size() < 2) return 0.0;
    const double seconds = now - events_.front().first;
    if (seconds <= 0) return 0.0;
    double sum = 0.0;
    // What the first event reports was done before it.
    for (size_t i = 1; i < events_.size(); ++i) sum += events_[i].second;
    return sum / seconds;
  }

 private:
  void trim(double now) {
    while (events_.size() > kMinEvents &&
           now - events_.front().first > kWindowSeconds) {
      events_.pop_front();
    }
  }
  static constexpr double kWindowSeconds = 60.0;
  static constexpr size_t kMinEvents = 8;
  std::deque<std::pair<double, double>> events_;  // time, count
};

}  // namespace ume
