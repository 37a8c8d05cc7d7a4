#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace ume {

// Dot products of every query with every candidate, fp32.
//
// queries: [num_queries, dim] and candidates: [num_candidates, dim], row-major.
// Returns: [num_queries, num_candidates], row-major.
// Throws InvalidInput unless both sizes are multiples of dim > 0.
std::vector<float> score_matrix(std::span<const float> queries,
                                std::span<const float> candidates,
                                int64_t dim);

// Candidate indices by descending score. Ties go to the lower index; a score
// that is not a number comes last.
std::vector<int64_t> rank_candidates(std::span<const float> scores);

// The same for the listed candidates only (a query's own, "local" ones).
// scores: [num_candidates]; candidates: indices into it, whose order decides
// ties. Returns the entries of `candidates`, best first.
// Throws InvalidInput for an index outside scores.
std::vector<int64_t> rank_listed(std::span<const float> scores,
                                 std::span<const int64_t> candidates);

}  // namespace ume
