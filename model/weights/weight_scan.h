#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/weights/stored_weights.h"

namespace ume {

// A tensor with values that are not finite.
struct NonFinite {
  std::string name;
  int64_t num_nan = 0;
  int64_t num_infinite = 0;
};

// Looks at every value; memory does not depend on the size. `weights` must have
// passed check().
std::vector<NonFinite> find_non_finite(const StoredWeights& weights);

}  // namespace ume
