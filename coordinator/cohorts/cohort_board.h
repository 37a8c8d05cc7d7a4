#pragma once

#include <optional>
#include <string>
#include <vector>

#include "coordinator/cohorts/cohort_build.h"
#include "coordinator/cohorts/group_board.h"

namespace ume {

struct CohortOutcome {
  Reply reply;
  std::optional<std::string> failure;  // why the run cannot go on
};

// The cohorts of the update that is being sampled: offered to the reward
// service when all their groups are finished, until their rewards are here.
// Consumes reward tables; produces reward rows in the ledger.
class CohortBoard {
 public:
  // The board is borrowed and holds the groups.
  CohortBoard(RunBook& book, const GroupBoard& groups);

  // For the update that the group board has open; rewards of before count.
  void load();
  // All its groups' weights were superseded.
  void discard_rewards();

  // A complete cohort, or WaitReply: also for a service whose policy is older
  // than the one in force. A newer policy comes into force here. A failure when
  // a cohort is too large for a message.
  CohortOutcome offer(const CohortRequest& request, double now);
  // A failure when the cohort has failed too often.
  CohortOutcome accept(const RewardResultRequest& request, double now);
  // What was offered to this service may be offered again.
  void service_restarted(int32_t worker);
  // Cohorts with fewer than two pairs left have no negatives: set aside.
  void drop_hopeless();

  // All cohorts have their rewards or were set aside.
  bool complete() const;
  std::vector<RewardRow> rewards() const;
  // "12 of 32 groups" or "rewards of cohort 7".
  std::string waits_for() const;
  int64_t num_ready() const;
  int64_t num_rewarded() const;
  int64_t num_cohorts() const { return static_cast<int64_t>(cohorts_.size()); }

 private:
  struct State {
    uint64_t id = 0;
    size_t first_row = 0;  // in the group board
    size_t num_rows = 0;
    bool rewarded = false;
    bool dropped = false;
    double offered_until = -1.0;  // negative: not offered
    int32_t offered_to = -1;      // which service
    double not_before = -1.0;     // pause after a failure
    int64_t failures = 0;
  };

  bool ready(const State& cohort) const;
  CohortParts parts(const State& cohort) const;
  std::string known_policy_hash() const;
  int64_t known_policy_time() const;
  void adopt_policy(const CohortRequest& request);
  Reply accept_again(const RewardResultRequest& request);
  CohortOutcome refuse_large(const Cohort& cohort);
  std::optional<std::string> count_failure(State& cohort,
                                           double not_before,
                                           const std::string& why);

  RunBook& book_;
  const GroupBoard& groups_;
  std::vector<State> cohorts_;
};

}  // namespace ume
