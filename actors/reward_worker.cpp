#include "actors/reward_worker.h"

#include <utility>

#include "actors/role_loop.h"
#include "common/clock/clock.h"
#include "common/clock/deadline.h"

namespace ume {

RewardWorker::RewardWorker(int32_t index, const Parts& parts)
    : index_(index), parts_(parts) {}

void RewardWorker::step() {
  if (std::string note = parts_.policy.refresh(); !note.empty()) {
    note_ = std::move(note);
  }
  const RewardPipeline& pipeline = parts_.policy.pipeline();
  const CohortRequest request{pipeline.policy_hash(), index_,
                              parts_.policy.policy_time(), note_,
                              pipeline.longest_seconds()};
  const Reply reply = parts_.client.call(request, kCoordinatorTimeoutSeconds);
  note_.clear();
  if (const auto* stop = std::get_if<StopReply>(&reply)) {
    throw StopRun{stop->reason};
  }
  // Back to the loop after every pause, so that a new policy is seen.
  if (const auto* wait = std::get_if<WaitReply>(&reply)) {
    nap(wait->seconds);
  } else if (const auto* work = std::get_if<CohortReply>(&reply)) {
    parts_.hook.reached("cohort_received");
    score(*work);
  } else {  // refused: ask anew, not in a hot loop
    nap(kRefusedPauseSeconds);
  }
}

void RewardWorker::score(const CohortReply& work) {
  const RewardPipeline& pipeline = parts_.policy.pipeline();
  const double start = SystemClock().now_seconds();
  RewardResultRequest answer;
  answer.cohort = work.cohort.id;
  answer.worker = index_;
  const RewardTable* known =
      memory_.find(work.cohort.id, pipeline.policy_hash(), work.input_digest);
  if (known != nullptr) {
    answer.table = *known;
  } else {
    answer.table = pipeline.score(work.cohort);
    // The coordinator's own digest names the cohort that it handed out.
    answer.table.input_digest = work.input_digest;
    memory_.keep(work.cohort.id, answer.table);
  }
  answer.blocked_seconds = pipeline.blocked_seconds();
  answer.metrics = pipeline.metrics();
  answer.metrics["score_seconds"] = SystemClock().now_seconds() - start;
  answer.metrics["policy_reloads"] =
      static_cast<double>(parts_.policy.num_reloads());
  answer.metrics["policy_refused"] =
      static_cast<double>(parts_.policy.num_refused());
  parts_.hook.reached("scored");
  ask(parts_.client, answer);
  parts_.hook.reached("answered");
}

}  // namespace ume
