#pragma once

#include <signal.h>

#include <atomic>
#include <cstdint>

namespace ume {

// What the signals received so far ask for. A signal handler may call `add`:
// atomics without locks are all that it touches.
class SignalTally {
 public:
  // Signals come in pairs: coreutils' `timeout` sends its own to its child and
  // then to its child's group, and a batch system to every process. A SIGINT so
  // soon after one that counted is that one again.
  static constexpr int64_t kSameSignalMs = 500;

  void add(int signal, int64_t now_ms) {
    int none = 0;
    first_.compare_exchange_strong(none, signal);
    if (signal != SIGINT) return;
    const bool counted_before = num_interrupts_ > 0;
    if (counted_before && now_ms - last_interrupt_ms_ < kSameSignalMs) return;
    last_interrupt_ms_ = now_ms;
    ++num_interrupts_;
  }
  void clear() {
    first_ = 0;
    num_interrupts_ = 0;
  }

  // The first signal received; 0: none yet.
  int first() const { return first_; }
  // A second SIGINT has come. No other signal means that: Slurm sends SIGTERM
  // after SIGUSR1, while the checkpoint is being written.
  bool leave_at_once() const { return num_interrupts_ > 1; }

 private:
  std::atomic<int> first_{0};
  std::atomic<int> num_interrupts_{0};
  std::atomic<int64_t> last_interrupt_ms_{0};
};

}  // namespace ume
