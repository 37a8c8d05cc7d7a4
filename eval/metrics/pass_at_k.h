#pragma once

#include <cstdint>

namespace ume {

// Probability that at least one of k samples, drawn without replacement from n
// of which c succeed, is a success: 1 - C(n-c, k) / C(n, k). The unbiased
// estimate of pass@k from n >= k samples.
// Throws InvalidInput unless 1 <= k <= n and 0 <= c <= n.
double pass_at_k(int64_t num_samples, int64_t num_successes, int64_t k);

// Hit@k of a random order: relevant candidates among all of them. 0 for a
// query without relevant candidates in the pool.
// Throws InvalidInput unless 0 <= num_relevant <= num_candidates, both k and
// num_candidates at least 1.
double chance_hit(int64_t num_relevant, int64_t num_candidates, int64_t k = 1);

}  // namespace ume
