#include "actors/lease_keeper.h"

#include <catch2/catch.hpp>
#include <condition_variable>
#include <mutex>
#include <vector>

#include "common/clock/deadline.h"
#include "common/error/error.h"

namespace ume {
namespace {

// A coordinator that never answers: a call lasts until its deadline.
class SilentClient : public RequestClient {
 public:
  Reply call(const Request& request, double timeout_seconds) override {
    std::unique_lock lock(mu_);
    renewed_ = std::get<RenewRequest>(request);
    timeouts_.push_back(timeout_seconds);
    called_.notify_all();
    lock.unlock();
    nap(0.01);
    throw DeadlineExceeded("no answer");
  }

  // The timeouts asked for, once there are `count`.
  std::vector<double> wait_for(size_t count) {
    std::unique_lock lock(mu_);
    called_.wait(lock, [&] { return timeouts_.size() >= count; });
    return timeouts_;
  }
  RenewRequest renewed() {
    const std::lock_guard lock(mu_);
    return renewed_;
  }

 private:
  std::mutex mu_;
  std::condition_variable called_;
  std::vector<double> timeouts_;
  RenewRequest renewed_;
};

TEST_CASE("lease keeper: a silent coordinator is asked again in short calls") {
  SilentClient client;
  {
    // Renewed every second: one call could last as long.
    const LeaseKeeper keeper(client, {3, {7, Side::kTarget}, 44}, 3.0);
    for (const double timeout : client.wait_for(2)) CHECK(timeout <= 0.5);
  }
  CHECK(client.renewed() == RenewRequest{3, {7, Side::kTarget}, 44});
}

}  // namespace
}  // namespace ume
