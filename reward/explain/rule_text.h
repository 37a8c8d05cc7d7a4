#pragma once

#include <string>
#include <vector>

#include "reward/cohort_view.h"
#include "reward/explain/explanation.h"
#include "reward/reward_config.h"

namespace ume {

// What a rule is told of, all of one row.
struct ExplainedPlace {
  const CohortView& view;  // with similarities
  Side side;
  int64_t row;           // of the side
  const ColumnSet& set;  // that its pair is compared with
  // Names of the other side's rows, [N*G]: "pair 3, sample 0".
  const std::vector<std::string>& names;
};

// Ranks of the own columns of the set, in their order; 1 for the most similar
// of all in the set, ties for the lower column.
std::vector<int64_t> own_ranks(const ExplainedPlace& place);

// Which rule gave a row's cell of a term, in words with the row's own numbers.
std::string rule_text(const RewardTermConfig& term,
                      const RewardCell& cell,
                      const ExplainedPlace& place);

}  // namespace ume
