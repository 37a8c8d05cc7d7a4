#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "common/types/cohort.h"
#include "common/types/reward_table.h"
#include "reward/cohort/cohort_view.h"
#include "reward/reward_config.h"
#include "reward/reward_policy.h"

namespace ume {

// The whole reward: terms, weights, and what to do where a term has no value.
// Immutable; one pipeline may be shared by all reward threads.
class RewardPipeline {
 public:
  // Takes ready policies, for tests; otherwise make_reward_pipeline. policies:
  // one per config.terms, in its order.
  RewardPipeline(RewardConfig config,
                 std::vector<std::unique_ptr<RewardPolicy>> policies);

  // A pure function of the configuration and the cohort: same inputs, same
  // bytes. Each term is clipped, recorded and put into the total (compose).
  // The table's input_digest stays empty: it is whoever hands out the cohort
  // that names it.
  // Whatever a policy throws or returns that is not finite becomes
  // failed(reason).
  // Throws InvalidInput for a malformed cohort, and for one of a single pair
  // where a term compares pairs (its margin would be a mean of nothing).
  RewardTable score(const Cohort& cohort,
                    const EmbeddingDefects& defects = {}) const;

  // XXH3-128, hex, of the resolved configuration: equal hashes, equal rewards.
  const std::string& policy_hash() const { return policy_hash_; }
  const RewardConfig& config() const { return config_; }
  // Whether any term needs embeddings and at least two pairs.
  bool compares_pairs() const { return compares_pairs_; }
  // Whether any term needs both sides of a pair.
  bool compares_sides() const { return compares_sides_; }
  // The longest that the terms may take over one cohort, with time to spare.
  double longest_seconds() const;
  // For so long a term would refuse to be tried again.
  double blocked_seconds() const;
  // The terms' own metrics, "COLUMN/NAME".
  std::map<std::string, double> metrics() const;

 private:
  RewardColumn run_term(size_t term, const CohortView& view) const;

  RewardConfig config_;
  std::vector<std::unique_ptr<RewardPolicy>> policies_;
  ViewOptions view_;
  bool compares_pairs_ = false;
  bool compares_sides_ = false;
  std::string policy_hash_;
};

// Throws ConfigError; unknown names are answered with the nearest known one.
RewardPipeline make_reward_pipeline(const RewardConfig& config,
                                    const RewardEnvironment& environment = {});

}  // namespace ume
