#include "actors/lease_keeper.h"

#include <algorithm>
#include <chrono>

#include "common/clock/clock.h"
#include "common/clock/deadline.h"
#include "common/error/error.h"

namespace ume {
namespace {

constexpr double kCallSeconds = 0.5;

}  // namespace

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
    renew(request, interval_seconds);
    lock.lock();
  }
}

// In short calls, so that a silent coordinator does not hold up the sampler,
// which waits for this thread.
void LeaseKeeper::renew(const RenewRequest& request, double timeout_seconds) {
  const SystemClock clock;
  const Deadline deadline(clock, timeout_seconds, "a renewal");
  while (!ending() && !deadline.expired()) {
    try {
      client_.call(request,
                   std::min(kCallSeconds, deadline.remaining_seconds()));
      return;
    } catch (const DeadlineExceeded&) {
      // The coordinator may be restarting.
    } catch (const Error&) {
      return;  // the next renewal tries again
    }
  }
}

bool LeaseKeeper::ending() {
  const std::lock_guard lock(mu_);
  return end_;
}

}  // namespace ume
