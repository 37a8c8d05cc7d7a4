#pragma once

#include <atomic>

namespace ume {

// Counts SIGINT, SIGTERM and SIGUSR1 for a process that ends in an orderly way.
// One at a time. Installed by the constructor, restored by the destructor.
class SignalWatch {
 public:
  SignalWatch();
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

  // The first signal received; 0: none yet.
  int first() const;
  // How many have been received; a second SIGINT means "leave at once".
  int count() const;
  // True once any has been received.
  const std::atomic<bool>& stop_flag() const;
};

}  // namespace ume
