#include "actors/reward_worker.h"

#include <utility>

#include "actors/role_loop.h"
#include "common/clock/deadline.h"

namespace ume {

RewardWorker::RewardWorker(const RewardPipeline& pipeline,
                           RequestClient& client,
                           StageHook& hook)
    : pipeline_(pipeline), client_(client), hook_(hook) {}

void RewardWorker::step() {
  const Reply reply = ask(client_, CohortRequest{pipeline_.policy_hash()});
  const auto* work = std::get_if<CohortReply>(&reply);
  if (work == nullptr) {  // refused: ask anew, not in a hot loop
    nap(kRefusedPauseSeconds);
    return;
  }
  hook_.reached("cohort_received");
  RewardResultRequest answer;
  answer.cohort = work->cohort.id;
  answer.table = pipeline_.score(work->cohort);
  // The coordinator's own digest names the cohort that it handed out.
  answer.table.input_digest = work->input_digest;
  hook_.reached("scored");
  ask(client_, answer);
  hook_.reached("answered");
}

}  // namespace ume
