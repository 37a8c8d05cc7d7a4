#pragma once

#include "common/clock/clock.h"
#include "common/wire/transport.h"

namespace ume {

// Tells the coordinator now and then how far a work item of several steps is.
// That is for people: a coordinator that does not answer costs a moment, never
// the item.
class ProgressReport {
 public:
  // Made when the item begins; both borrowed, the client from the same thread.
  ProgressReport(RequestClient& client, const Clock& clock);

  // To be called after each step: sends at most once a second, and after no
  // answer or a refusal not for ten. Waits a quarter of a second at most.
  void tell(const ProgressRequest& request);

 private:
  RequestClient& client_;
  const Clock& clock_;
  double next_seconds_;
};

}  // namespace ume
