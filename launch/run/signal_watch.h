#pragma once

#include <atomic>
#include <cstdint>

#include "common/error/error.h"

namespace ume {

// Whether SIGHUP stops a process too: the end signal of a supervisor's
// children, which do not hear the others.
enum class OnHangUp : uint8_t { kLeave, kStop };

// Watches SIGINT, SIGTERM and SIGUSR1 for a process that ends in an orderly
// way. One at a time. Installed by the constructor, restored by the destructor.
class SignalWatch {
 public:
  explicit SignalWatch(OnHangUp on_hang_up = OnHangUp::kLeave);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  // The first signal received; 0: none yet.
  int first() const;
  // A second SIGINT has come, half a second or more after the first.
  bool leave_at_once() const;
  // What to end with after an orderly stop on the first signal: kInterrupted
  // for SIGINT, else kRunAgain.
  ExitCode orderly_exit() const;
  // True once any has been received.
  const std::atomic<bool>& stop_flag() const;
};

// SIGHUP asks a process to read its configuration again. One at a time.
// Installed by the constructor, restored by the destructor.
class ReloadSignal {
 public:
  ReloadSignal();
  ~ReloadSignal();
  ReloadSignal(const ReloadSignal&) = delete;
  ReloadSignal& operator=(const ReloadSignal&) = delete;

  // Set by the signal; whoever reads it clears it.
  std::atomic<bool>& flag() const;
};

}  // namespace ume
