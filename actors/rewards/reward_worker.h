#pragma once

#include "actors/rewards/policy_keeper.h"
#include "actors/rewards/score_memory.h"
#include "actors/run/stage_hook.h"
#include "common/wire/transport.h"

namespace ume {

// Consumes cohorts, produces reward tables. Several of them share a run's
// cohorts.
// Waits for: a whole cohort. Unblocked by: the last group result of one.
class RewardWorker {
 public:
  struct Parts {  // all borrowed
    PolicyKeeper& policy;
    RequestClient& client;
    StageHook& hook;
  };
  RewardWorker(int32_t index, const Parts& parts);

  // One cohort or one pause: look for a newer policy, ask, score, answer.
  // Throws StopRun when the run is over.
  void step();

 private:
  void score(const CohortReply& work);

  const int32_t index_;
  const Parts parts_;
  ScoreMemory memory_;
  std::string note_;  // not told yet
};

}  // namespace ume
