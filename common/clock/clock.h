#pragma once

#include <atomic>

namespace ume {

// Seconds since an arbitrary moment; never goes back. Whoever decides about
// leases and deadlines is given one, so that tests can move time.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual double now_seconds() const = 0;
};

// The machine's monotonic clock; unaffected by changes of the wall clock.
class SystemClock : public Clock {
 public:
  double now_seconds() const override;
};

// Stands still until moved. May be moved by one thread and read by others.
class ManualClock : public Clock {
 public:
  explicit ManualClock(double start_seconds = 0.0) : now_(start_seconds) {}
  double now_seconds() const override { return now_.load(); }
  void advance(double seconds) { now_.store(now_.load() + seconds); }

 private:
  std::atomic<double> now_;
};

}  // namespace ume
