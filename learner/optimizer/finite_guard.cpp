#include "learner/optimizer/finite_guard.h"

#include <cmath>
#include <string>

#include "common/error/error.h"

namespace ume {

bool FiniteGuard::admit(int64_t step, double loss, double gradient_norm) {
  if (std::isfinite(loss) && std::isfinite(gradient_norm)) {
    num_in_row_ = 0;
    return true;
  }
  ++num_skipped_;
  ++num_in_row_;
  if (num_in_row_ >= max_in_row_) {
    throw InvalidInput(
        "step " + std::to_string(step) + ": loss " + std::to_string(loss) +
        ", gradient norm " + std::to_string(gradient_norm) +
        ", expected finite numbers; " + std::to_string(num_in_row_) +
        " step(s) in a row were skipped (optimizer.max_skipped_steps), the "
        "weights are those of the last good step");
  }
  return false;
}

void FiniteGuard::restore(int64_t num_skipped, int64_t num_in_row) {
  num_skipped_ = num_skipped;
  num_in_row_ = num_in_row;
}

}  // namespace ume
