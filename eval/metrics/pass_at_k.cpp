#include "eval/metrics/pass_at_k.h"

#include <algorithm>
#include <string>

#include "common/error/error.h"

namespace ume {
namespace {

void check(bool ok, int64_t n, int64_t c, int64_t k) {
  if (ok) return;
  throw InvalidInput("pass@k: k = " + std::to_string(k) + ", " +
                     std::to_string(c) + " of " + std::to_string(n) +
                     " samples succeed; expected 1 <= k <= samples and "
                     "0 <= successes <= samples");
}

}  // namespace

double pass_at_k(int64_t num_samples, int64_t num_successes, int64_t k) {
  check(k >= 1 && k <= num_samples && num_successes >= 0 &&
            num_successes <= num_samples,
        num_samples, num_successes, k);
  const int64_t failures = num_samples - num_successes;
  if (failures < k) return 1.0;
  // C(failures, k) / C(n, k), as a product that cannot overflow.
  double none = 1.0;
  for (int64_t i = 0; i < k; ++i) {
    none *= static_cast<double>(failures - i) /
            static_cast<double>(num_samples - i);
  }
  return 1.0 - none;
}

double chance_hit(int64_t num_relevant, int64_t num_candidates, int64_t k) {
  return pass_at_k(num_candidates, num_relevant, std::min(k, num_candidates));
}

}  // namespace ume
