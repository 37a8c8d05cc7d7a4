#pragma once

#include <cstdint>

#include "common/types/cohort.h"
#include "reward/reward_config.h"

namespace ume {

// Whether two pairs of a cohort are known to say the same: their queries or
// their targets have the same text and media, or the records give them the same
// duplicate_id.
bool are_duplicates(const Cohort& cohort, int64_t pair, int64_t other);

// Pairs whose target another pair of the cohort has too: by the published
// reward they are each other's negatives. 0 where the digests are not known.
int64_t count_equal_targets(const Cohort& cohort);

// Throws InvalidInput when the cohort does not hold what the choice of
// negatives looks at: the pairs' sources, or their digests.
void check_negatives(const Cohort& cohort, const NegativesConfig& negatives);

}  // namespace ume
