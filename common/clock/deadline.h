#pragma once

#include <string>

#include "common/clock/clock.h"

namespace ume {

// A named wait that must end. The clock is borrowed and outlives the deadline.
class Deadline {
 public:
  Deadline(const Clock& clock, double timeout_seconds, std::string waiting_for);

  // Never negative.
  double remaining_seconds() const;
  bool expired() const { return remaining_seconds() <= 0.0; }
  // Throws DeadlineExceeded that names the wait and its length, once expired.
  void check() const;

 private:
  const Clock& clock_;
  double timeout_seconds_;
  double end_seconds_;
  std::string waiting_for_;
};

// Sleeps in real time; returns early on a signal.
void nap(double seconds);

}  // namespace ume
