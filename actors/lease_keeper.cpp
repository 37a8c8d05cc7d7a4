#include "actors/lease_keeper.h"

#include <chrono>

#include "common/error/error.h"

namespace ume {

LeaseKeeper::LeaseKeeper(RequestClient& client,
                         RenewRequest request,
                         double lease_seconds)
    : client_(client),
      // Two renewals may be lost before the lease is.
      thread_([this, request, interval = lease_seconds / 3.0] {
        run(request, interval);
      }) {}

LeaseKeeper::~LeaseKeeper() {
  {
    const std::lock_guard lock(mu_);
    end_ = true;
  }
  ended_.notify_all();
  thread_.join();
}

void LeaseKeeper::run(RenewRequest request, double interval_seconds) {
  const std::chrono::duration<double> interval(interval_seconds);
  std::unique_lock lock(mu_);
  while (!ended_.wait_for(lock, interval, [this] { return end_; })) {
    lock.unlock();
    try {
      client_.call(request, interval_seconds);
    } catch (const Error&) {
      // The coordinator may be restarting; the next renewal tries again.
    }
    lock.lock();
  }
}

}  // namespace ume
