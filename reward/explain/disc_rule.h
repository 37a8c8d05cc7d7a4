#pragma once

#include <string>

#include "reward/cohort_view.h"

namespace ume {

// What the term disc_guided saw of a row that takes part: its similarity to the
// discriminative embeddings of the other side.
std::string disc_rule(const CohortView& view, Side side, int64_t row);

}  // namespace ume
