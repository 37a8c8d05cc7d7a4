#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>

#include "common/wire/transport.h"

namespace ume {

// Renews one lease while a group is being sampled, from a thread and over a
// client of its own; ends with the scope, within half a second. A refused
// renewal is left to the result's own refusal.
class LeaseKeeper {
 public:
  // client: borrowed; nobody else uses it meanwhile.
  LeaseKeeper(RequestClient& client,
              RenewRequest request,
              double lease_seconds);
  ~LeaseKeeper();
  LeaseKeeper(const LeaseKeeper&) = delete;
  LeaseKeeper& operator=(const LeaseKeeper&) = delete;

 private:
  void run(RenewRequest request, double interval_seconds);
  void renew(const RenewRequest& request, double timeout_seconds);
  bool ending();

  RequestClient& client_;
  std::mutex mu_;
  std::condition_variable ended_;
  bool end_ = false;  // guarded by mu_
  std::thread thread_;
};

}  // namespace ume
