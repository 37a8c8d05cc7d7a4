#pragma once

#include <map>
#include <memory>
#include <string_view>

#include "common/types/reward_table.h"
#include "reward/cohort_view.h"
#include "reward/reward_config.h"
#include "reward/reward_environment.h"

namespace ume {

// One term of the reward: scores the trajectories of one cohort.
// One policy may be shared by all reward threads: implementations hold no
// mutable state, or guard it (connections, child processes).
class RewardPolicy {
 public:
  virtual ~RewardPolicy() = default;
  // Key under `reward.terms[].name` in the config, and the metric label.
  virtual std::string_view name() const = 0;
  // Whether it compares a pair with the others: needs embeddings, similarities
  // and at least two pairs.
  virtual bool compares_pairs() const = 0;
  // Whether it looks at the other side of the pair: needs all its samples.
  virtual bool compares_sides() const { return compares_pairs(); }
  // One cell per trajectory, both sides, unweighted: a value, invalid(reason)
  // or failed(reason). Sees the whole cohort. Never throws for what a model
  // wrote.
  virtual RewardColumn score(const CohortView& cohort) const = 0;
  // Of what is outside the configuration and decides about values, such as a
  // library's content; part of the policy hash. Empty: nothing.
  virtual std::string fingerprint() const { return ""; }
  // Adds the term's own metrics (calls, failures, breaker state), by name.
  virtual void report(std::map<std::string, double>&) const {}
  // For so long it would refuse to be tried again.
  virtual double blocked_seconds() const { return 0.0; }
};

// Never null. Throws ConfigError, naming the nearest of the known names, if
// `config.name` or a factor's name is unknown.
std::unique_ptr<RewardPolicy> make_reward_policy(
    const RewardTermConfig& config, const RewardEnvironment& environment = {});

}  // namespace ume
