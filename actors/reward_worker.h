#pragma once

#include "actors/stage_hook.h"
#include "common/wire/transport.h"
#include "reward/reward_pipeline.h"

namespace ume {

// Consumes cohorts, produces reward tables.
// Waits for: a whole cohort. Unblocked by: the last group result of one.
class RewardWorker {
 public:
  // All borrowed.
  RewardWorker(const RewardPipeline& pipeline,
               RequestClient& client,
               StageHook& hook);

  // One cohort: ask, score, answer. Throws StopRun when the run is over.
  void step();

 private:
  const RewardPipeline& pipeline_;
  RequestClient& client_;
  StageHook& hook_;
};

}  // namespace ume
