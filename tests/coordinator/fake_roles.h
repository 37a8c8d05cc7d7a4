#pragma once

#include <map>
#include <string>
#include <vector>

#include "common/types/messages.h"
#include "coordinator/run_plan.h"

// Roles that do no work: what they produce is a pure function of what they are
// given, so that every run of a plan must end in the same ledger.
namespace ume::test {

constexpr int64_t kFakeDim = 4;
constexpr const char* kPolicyHash = "policy-1";

struct Job {
  RunPlan plan;
  PhaseData data;
};

// sft of 25 steps (checkpoint every 10), then grpo of 6 updates of 2 cohorts of
// 2 pairs, G = 3 (checkpoint every 2), over 10 pairs: 2 updates an epoch.
Job small_job();

// What a worker answers to a lease.
GroupResult fake_result(const LeaseReply& lease);
// What the reward service answers. Every 7th trajectory or so is invalid.
RewardTable fake_rewards(const CohortReply& offer);

// The learner's weights as a chain of hashes over all that they were trained
// on. `salt` makes another machine's rounding.
struct FakeLearner {
  std::string salt;
  std::string hash = "none";
  uint64_t update = 0;
  std::string damage;  // of the checkpoint that it should have begun with
  // Saved weights by folder, which outlive learners; a folder that is missing
  // is a damaged one. Borrowed.
  std::map<std::string, std::pair<std::string, uint64_t>>* disk = nullptr;

  void begin(const BeginPhaseItem& item);
  void sft(const SftStepsItem& item);
  // All ranks' slices of one update, in any order.
  void grpo(const std::vector<GrpoUpdateItem>& slices);
  void save(const SaveCheckpointItem& item);
  WeightManifest manifest(uint32_t incarnation) const;
};

// What rank `rank` reports of an item, once `learner` has done it.
WorkDoneRequest fake_report(const FakeLearner& learner,
                            const WorkReply& work,
                            uint32_t incarnation,
                            int32_t rank);

}  // namespace ume::test
