#include "reward/cohort_view.h"

#include <cblas.h>

#include <algorithm>
#include <cmath>
#include <mutex>
#include <numeric>
#include <utility>

#include "common/error/error.h"

namespace ume {
namespace {

// A cohort from outside must not make us allocate without bound.
constexpr int64_t kMaxRows = 1 << 16;

// One thread: the product is small, and its result must not depend on the
// machine's number of cores.
void use_one_blas_thread() {
  static std::once_flag once;
  std::call_once(once, [] { openblas_set_num_threads(1); });
}

// left [rows, dim] times right [rows, dim] transposed.
std::vector<float> products(const std::vector<float>& left,
                            const std::vector<float>& right,
                            int64_t rows,
                            int64_t dim) {
  std::vector<float> out(static_cast<size_t>(rows) * rows, 0.0f);
  if (dim == 0) return out;
  use_one_blas_thread();
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, rows, rows, dim, 1.0f,
              left.data(), dim, right.data(), dim, 0.0f, out.data(), rows);
  return out;
}

struct Column {
  float similarity;
  int64_t index;
};

bool ranks_before(const Column& a, const Column& b) {
  if (a.similarity != b.similarity) return a.similarity > b.similarity;
  return a.index < b.index;
}

// columns: those that take part, in any order; own ones have index in
// [own_begin, own_end).
void compare_row(std::vector<Column>& columns,
                 int64_t own_begin,
                 int64_t own_end,
                 RowComparison& out) {
  const auto is_own = [&](const Column& c) {
    return c.index >= own_begin && c.index < own_end;
  };
  double own_sum = 0.0;
  double other_sum = 0.0;
  int64_t num_own = 0;
  for (const Column& c : columns) {
    (is_own(c) ? own_sum : other_sum) += c.similarity;
    num_own += is_own(c);
  }
  const int64_t num_other = static_cast<int64_t>(columns.size()) - num_own;
  if (num_own == 0 || num_other == 0) return;
  std::nth_element(columns.begin(), columns.begin() + (num_own - 1),
                   columns.end(), ranks_before);
  const int64_t hits =
      std::count_if(columns.begin(), columns.begin() + num_own, is_own);
  out.ranking = static_cast<double>(hits) / num_own;
  out.margin = own_sum / num_own - other_sum / num_other;
}

void check_side(const CohortSide& side, const char* name, int64_t rows) {
  const auto fail = [&](const char* list, size_t found) {
    throw InvalidInput("cohort, " + std::string(name) + " side: " + list +
                       " has " + std::to_string(found) + " entries, expected " +
                       std::to_string(rows));
  };
  if (static_cast<int64_t>(side.completions.size()) != rows) {
    fail("completions", side.completions.size());
  }
  if (static_cast<int64_t>(side.has_embedding.size()) != rows) {
    fail("has_embedding", side.has_embedding.size());
  }
}

}  // namespace

void check_cohort(const Cohort& cohort) {
  if (cohort.num_pairs < 1 || cohort.group_size < 1 || cohort.dim < 0 ||
      cohort.num_pairs > kMaxRows || cohort.group_size > kMaxRows ||
      cohort.num_pairs * cohort.group_size > kMaxRows) {
    throw InvalidInput("cohort " + std::to_string(cohort.id) + ": " +
                       std::to_string(cohort.num_pairs) + " pairs of " +
                       std::to_string(cohort.group_size) +
                       " trajectories of dimension " +
                       std::to_string(cohort.dim) +
                       " a side, expected 1 pair or more and at most " +
                       std::to_string(kMaxRows) + " rows");
  }
  const int64_t rows = cohort.num_pairs * cohort.group_size;
  check_side(cohort.query, "query", rows);
  check_side(cohort.target, "target", rows);
}

CohortView::CohortView(const Cohort& cohort,
                       MissingEmbedding missing,
                       const EmbeddingDefects& defects,
                       bool compare)
    : cohort_(cohort), missing_(missing) {
  const std::vector<float> query = unit_rows(Side::kQuery, defects);
  const std::vector<float> target = unit_rows(Side::kTarget, defects);
  if (!compare) return;
  similarity_ = products(query, target, num_rows(), cohort.dim);
  compare_side(Side::kQuery);
  compare_side(Side::kTarget);
}

void CohortView::mark_invalid(Side side, int64_t row, std::string reason) {
  RowComparison& out = comparisons_[static_cast<int>(side)][row];
  out.state = CellState::kInvalid;
  out.reason = std::move(reason);
}

void CohortView::mark_missing(Side side, int64_t row) {
  if (missing_ == MissingEmbedding::kDrop) {
    mark_invalid(side, row, "no <gen_emb>: dropped");
  } else if (missing_ == MissingEmbedding::kPrompt) {
    mark_invalid(side, row,
                 "no embedding, but missing_embedding: prompt promises one");
  }
}

// Rows scaled to unit length, so that products are cosines; zeros where the
// embedding is missing or unusable. Sets comparisons_ and takes_part_.
std::vector<float> CohortView::unit_rows(Side which,
                                         const EmbeddingDefects& defects) {
  const CohortSide& in = side(which);
  const int64_t dim = cohort_.dim;
  const auto& known = which == Side::kQuery ? defects.query : defects.target;
  comparisons_[static_cast<int>(which)].resize(num_rows());
  std::vector<uint8_t>& takes_part = takes_part_[static_cast<int>(which)];
  takes_part.assign(num_rows(), 0);
  std::vector<float> out(static_cast<size_t>(num_rows()) * dim, 0.0f);
  const bool right_size = in.gen_embeddings.size() == out.size();
  for (int64_t row = 0; row < num_rows(); ++row) {
    if (const auto defect = known.find(row); defect != known.end()) {
      mark_invalid(which, row, defect->second);
      continue;
    }
    if (!in.has_embedding[row]) {
      mark_missing(which, row);
      continue;
    }
    if (!right_size) {
      mark_invalid(which, row,
                   "the side's embeddings hold " +
                       std::to_string(in.gen_embeddings.size()) +
                       " numbers, expected " + std::to_string(out.size()));
      continue;
    }
    const float* from = in.gen_embeddings.data() + row * dim;
    double square = 0.0;
    for (int64_t i = 0; i < dim; ++i) {
      square += static_cast<double>(from[i]) * from[i];
    }
    if (!std::isfinite(square)) {
      mark_invalid(which, row, "the embedding has a number that is not finite");
    } else if (square == 0.0) {
      mark_invalid(which, row, "the embedding is all zeros");
    } else {
      takes_part[row] = 1;
      const double scale = 1.0 / std::sqrt(square);
      for (int64_t i = 0; i < dim; ++i) {
        out[row * dim + i] = static_cast<float>(from[i] * scale);
      }
    }
  }
  return out;
}

void CohortView::compare_side(Side which) {
  const Side other = which == Side::kQuery ? Side::kTarget : Side::kQuery;
  const int64_t rows = num_rows();
  const int64_t row_stride = which == Side::kQuery ? rows : 1;
  const int64_t column_stride = which == Side::kQuery ? 1 : rows;
  std::vector<Column> columns;
  columns.reserve(rows);
  for (int64_t row = 0; row < rows; ++row) {
    if (!takes_part(which, row)) continue;
    columns.clear();
    for (int64_t column = 0; column < rows; ++column) {
      if (!takes_part(other, column)) continue;
      columns.push_back(
          {similarity_[row * row_stride + column * column_stride], column});
    }
    const int64_t own = row / cohort_.group_size * cohort_.group_size;
    compare_row(columns, own, own + cohort_.group_size,
                comparisons_[static_cast<int>(which)][row]);
  }
}

}  // namespace ume
