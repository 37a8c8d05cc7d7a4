#pragma once

#include "reward/cohort/cohort_view.h"

namespace ume {

// The cohort as code of others sees it: embeddings that no term may use are
// marked as missing and zeros, and texts are UTF-8 without zero bytes (U+FFFD
// stands for what is not).
Cohort extension_input(const CohortView& view);

// Names the cohort's content and the policy that scores it: equal keys, equal
// answers.
std::string score_key(const Cohort& input, const std::string& policy);

}  // namespace ume
