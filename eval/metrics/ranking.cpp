#include "eval/metrics/ranking.h"

#include <cblas.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <numeric>
#include <string>

#include "common/error/error.h"

namespace ume {
namespace {

int64_t rows_of(std::span<const float> rows, int64_t dim, const char* name) {
  if (dim <= 0 || rows.size() % static_cast<size_t>(dim) != 0) {
    throw InvalidInput(std::string(name) + ": " + std::to_string(rows.size()) +
                       " numbers are not whole rows of dimension " +
                       std::to_string(dim));
  }
  return static_cast<int64_t>(rows.size()) / dim;
}

// A total order for any float: NaN below everything.
bool better(float a, float b) {
  if (std::isnan(a)) return false;
  return std::isnan(b) || a > b;
}

}  // namespace

std::vector<float> score_matrix(std::span<const float> queries,
                                std::span<const float> candidates,
                                int64_t dim) {
  const int64_t num_queries = rows_of(queries, dim, "queries");
  const int64_t num_candidates = rows_of(candidates, dim, "candidates");
  std::vector<float> out(static_cast<size_t>(num_queries) * num_candidates);
  if (out.empty()) return out;
  // The result must not depend on the machine's number of cores.
  static std::once_flag once;
  std::call_once(once, [] { openblas_set_num_threads(1); });
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, num_queries,
              num_candidates, dim, 1.0f, queries.data(), dim, candidates.data(),
              dim, 0.0f, out.data(), num_candidates);
  return out;
}

std::vector<int64_t> rank_candidates(std::span<const float> scores) {
  std::vector<int64_t> order(scores.size());
  std::iota(order.begin(), order.end(), int64_t{0});
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return better(scores[a], scores[b]);
  });
  return order;
}

std::vector<int64_t> rank_listed(std::span<const float> scores,
                                 std::span<const int64_t> candidates) {
  for (int64_t c : candidates) {
    if (c < 0 || c >= static_cast<int64_t>(scores.size())) {
      throw InvalidInput("candidate " + std::to_string(c) + " of " +
                         std::to_string(scores.size()));
    }
  }
  std::vector<int64_t> order(candidates.begin(), candidates.end());
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return better(scores[a], scores[b]);
  });
  return order;
}

}  // namespace ume
