#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "common/types/cohort.h"
#include "common/types/reward_table.h"
#include "reward/reward_config.h"

namespace ume {

// The column that keeps the weighted sum where normalisation replaces it.
inline constexpr char kRawTotal[] = "raw_total";

// A number of the configuration written as text; nullopt when it is none.
std::optional<double> parse_weight(const std::string& text);

// What each term counts for each pair of a cohort: the source's own weight or
// the term's, times the schedule at the cohort's update.
class TermWeights {
 public:
  TermWeights(const RewardConfig& config, const Cohort& cohort);
  double of(size_t term, int64_t pair) const {
    return weights_[term * static_cast<size_t>(num_pairs_) +
                    static_cast<size_t>(pair)];
  }

 private:
  int64_t num_pairs_;
  std::vector<double> weights_;  // [terms, N]
};

// A total and what each term adds to it.
struct ComposedReward {
  RewardColumn total;
  // What the terms add, by term, side and row, before a division that is the
  // same for the whole side; 0 where the total has no value.
  std::vector<std::array<std::vector<double>, 2>> parts;
  // The weighted sum, where `total` is normalised.
  std::optional<RewardColumn> raw;
};

// total = sum over terms of weight * component. A term whose weight is 0 has no
// say, nor has its state. A cell is failed if one of its summands is, else
// invalid if one is: no reward is ever invented. With `missing_embedding: drop`
// a trajectory without an embedding of its own is invalid.
//
// normalise: component (GDPO, arXiv:2601.05242): with the mean and the unbiased
// deviation of each term over the valued rows of its group,
//   z = sum over terms of weight * (component - mean) / (deviation + 1e-4)
//   total = (z - mean of z) / (deviation of z + 1e-4), over the side's rows.
// A term that is equal in a whole group adds exactly 0.
//   components: one per config.terms, N*G cells a side.
ComposedReward compose(const RewardConfig& config,
                       const Cohort& cohort,
                       const std::vector<RewardColumn>& components);

// Puts values between the bounds {lowest, highest}; none: leaves them.
void clip_values(const std::vector<double>& bounds, RewardColumn& column);

}  // namespace ume
