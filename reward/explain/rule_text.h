#pragma once

#include <string>

#include "reward/explain/explanation.h"
#include "reward/reward_config.h"

namespace ume {

// Which rule gave a row's cell of a term, in words with the row's own numbers.
// row: with completion, similarity and own_ranks.
std::string rule_text(const RewardTermConfig& term,
                      const RewardCell& cell,
                      const ExplainedRow& row,
                      const std::vector<ExplainedColumn>& columns);

}  // namespace ume
