#include "reward/cohort_view.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/error/error.h"
#include "reward/duplicates.h"
#include "reward/internal/stripe.h"

namespace ume {
namespace {

// A cohort from outside must not make us allocate without bound.
constexpr int64_t kMaxRows = 1 << 16;
// Of the similarities of both sides: 1 GiB.
constexpr int64_t kMaxComparisons = 1 << 28;

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
  if (!side.embedding_sources.empty() &&
      static_cast<int64_t>(side.embedding_sources.size()) != rows) {
    fail("embedding_sources", side.embedding_sources.size());
  }
}

void check_comparable(const Cohort& cohort) {
  const int64_t rows = cohort.num_pairs * cohort.group_size;
  if (rows * rows <= kMaxComparisons) return;
  throw InvalidInput("cohort " + std::to_string(cohort.id) + ": " +
                     std::to_string(rows) +
                     " rows a side cannot be compared "
                     "with each other, expected at most " +
                     std::to_string(static_cast<int64_t>(
                         std::sqrt(static_cast<double>(kMaxComparisons)))));
}

bool has_negatives(const CohortView& view, int64_t pair) {
  for (int64_t other = 0; other < view.cohort().num_pairs; ++other) {
    if (view.is_negative(pair, other)) return true;
  }
  return false;
}

// Columns [column, column + kHalf) of kHalf rows, to kHalf rows of a stripe.
void transpose(const float* const* rows, int64_t column, float* out) {
  using Four = StoredHalf;
  const auto read = [&](int64_t i) {
    return *reinterpret_cast<const Four*>(rows[i] + column);
  };
  const auto write = [&](int64_t i, const Four& x) {
    *reinterpret_cast<Four*>(out + i * kLanes) = x;
  };
  const Four a = read(0);
  const Four b = read(1);
  const Four c = read(2);
  const Four d = read(3);
  const Four ab_first = __builtin_shufflevector(a, b, 0, 4, 1, 5);
  const Four cd_first = __builtin_shufflevector(c, d, 0, 4, 1, 5);
  const Four ab_last = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const Four cd_last = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  write(0, __builtin_shufflevector(ab_first, cd_first, 0, 1, 4, 5));
  write(1, __builtin_shufflevector(ab_first, cd_first, 2, 3, 6, 7));
  write(2, __builtin_shufflevector(ab_last, cd_last, 0, 1, 4, 5));
  write(3, __builtin_shufflevector(ab_last, cd_last, 2, 3, 6, 7));
}

// rows: kLanes of them. out: [columns.size(), kLanes].
void transpose_columns(const float* const* rows,
                       std::span<const int32_t> columns,
                       float* out) {
  size_t k = 0;
  while (k < columns.size()) {
    const int32_t column = columns[k];
    const size_t last = k + kHalf - 1;
    if (last < columns.size() && columns[last] == column + kHalf - 1) {
      transpose(rows, column, out + k * kLanes);
      transpose(rows + kHalf, column, out + k * kLanes + kHalf);
      k += kHalf;
      continue;
    }
    for (int64_t l = 0; l < kLanes; ++l) out[k * kLanes + l] = rows[l][column];
    ++k;
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
                       const ViewOptions& options,
                       const EmbeddingDefects& defects)
    : cohort_(cohort), options_(options) {
  if (options.compare) {
    check_comparable(cohort);
    check_negatives(cohort, options.negatives);
  }
  for (const Side side : {Side::kQuery, Side::kTarget}) {
    unit_[static_cast<int>(side)] = unit_rows(side, defects);
  }
  if (!options.compare) return;
  similarity_ = cosines(unit_[0], unit_[1]);
  compare_side(Side::kQuery);
  compare_side(Side::kTarget);
}

// Why the row's embedding is unusable although there is, or should be, one;
// empty when it is merely missing.
std::string CohortView::unusable(Side which,
                                 int64_t row,
                                 const EmbeddingDefects& defects) const {
  if (has_embedding(side(which), row, options_.missing)) {
    const auto& known = which == Side::kQuery ? defects.query : defects.target;
    if (const auto at = known.find(row); at != known.end()) return at->second;
    const auto expected = static_cast<size_t>(num_rows() * cohort_.dim);
    const size_t found = side(which).gen_embeddings.size();
    if (found == expected) return "";
    return "the side's embeddings hold " + std::to_string(found) +
           " numbers, expected " + std::to_string(expected);
  }
  switch (options_.missing) {
    case MissingEmbedding::kDrop:
      return "no <gen_emb>: dropped";
    case MissingEmbedding::kPrompt:
      return "no embedding, but missing_embedding: prompt promises one";
    case MissingEmbedding::kZero:
      break;
  }
  return "";
}

// Sets comparisons_, takes_part_ and participants_.
UnitRows CohortView::unit_rows(Side which, const EmbeddingDefects& defects) {
  const CohortSide& in = side(which);
  const auto index = static_cast<int>(which);
  std::vector<RowComparison>& rows = comparisons_[index];
  std::vector<uint8_t>& takes_part = takes_part_[index];
  rows.resize(num_rows());
  takes_part.assign(num_rows(), 0);
  std::vector<double> squares(num_rows(), 0.0);
  if (static_cast<int64_t>(in.gen_embeddings.size()) ==
      num_rows() * cohort_.dim) {
    squares = squared_lengths(in.gen_embeddings, num_rows(), cohort_.dim);
  }
  for (int64_t row = 0; row < num_rows(); ++row) {
    std::string reason = unusable(which, row, defects);
    if (reason.empty() && has_embedding(in, row, options_.missing)) {
      if (std::isfinite(squares[row]) && squares[row] > 0.0) {
        takes_part[row] = 1;
        participants_[index].push_back(static_cast<int32_t>(row));
        continue;
      }
      reason = squares[row] == 0.0
                   ? "the embedding is all zeros"
                   : "the embedding has a number that is not finite";
    }
    if (reason.empty()) continue;
    rows[row].state = CellState::kInvalid;
    rows[row].reason = std::move(reason);
  }
  return UnitRows(in.gen_embeddings, cohort_.dim, squares, takes_part);
}

bool CohortView::is_negative(int64_t pair, int64_t other) const {
  if (pair == other) return false;
  if (options_.negatives.same_source &&
      cohort_.sources[pair] != cohort_.sources[other]) {
    return false;
  }
  return !options_.negatives.exclude_duplicates ||
         !are_duplicates(cohort_, pair, other);
}

ColumnSet CohortView::columns(Side which, int64_t pair) const {
  const std::vector<int32_t>& all =
      participants_[which == Side::kQuery ? 1 : 0];
  const int64_t group = cohort_.group_size;
  ColumnSet set;
  set.columns = all;
  if (options_.negatives.same_source || options_.negatives.exclude_duplicates) {
    for (const int32_t column : all) {
      const int64_t other = column / group;
      if (other == pair || is_negative(pair, other)) {
        set.chosen.push_back(column);
      }
    }
    set.columns = set.chosen;
  }
  const auto place = [&](int64_t row) {
    return static_cast<size_t>(
        std::lower_bound(set.columns.begin(), set.columns.end(), row) -
        set.columns.begin());
  };
  set.own_begin = place(pair * group);
  set.own_end = place((pair + 1) * group);
  return set;
}

void CohortView::fill_stripe(Side which,
                             int64_t row,
                             const ColumnSet& set,
                             std::vector<float>& buffer) const {
  const int64_t group = cohort_.group_size;
  const int64_t lanes = std::min(kLanes, (row / group + 1) * group - row);
  buffer.resize(set.columns.size() * kLanes);
  float* out = buffer.data();
  if (which == Side::kTarget) {
    for (const int32_t column : set.columns) {
      const float* from = similarity_.row(column) + row;
      if (lanes == kLanes) {
        *reinterpret_cast<StoredFloats*>(out) =
            *reinterpret_cast<const StoredFloats*>(from);
      } else {
        for (int64_t l = 0; l < kLanes; ++l) {
          out[l] = from[std::min(l, lanes - 1)];
        }
      }
      out += kLanes;
    }
    return;
  }
  const float* from[kLanes];
  for (int64_t l = 0; l < kLanes; ++l) {
    from[l] = similarity_.row(row + std::min(l, lanes - 1));
  }
  transpose_columns(from, set.columns, out);
}

void CohortView::compare_pair(Side which,
                              int64_t pair,
                              std::vector<float>& buffer) {
  std::vector<RowComparison>& rows = comparisons_[static_cast<int>(which)];
  const int64_t begin = pair * cohort_.group_size;
  const int64_t end = begin + cohort_.group_size;
  const ColumnSet set = columns(which, pair);
  if (!set.comparable()) return;
  const auto num_own = static_cast<int64_t>(set.own_end - set.own_begin);
  const auto num_all = static_cast<int64_t>(set.columns.size());
  for (int64_t first = begin; first < end; first += kLanes) {
    fill_stripe(which, first, set, buffer);
    const StripeComparison stripe = compare_stripe(
        {buffer.data(), num_all, static_cast<int64_t>(set.own_begin),
         static_cast<int64_t>(set.own_end)});
    for (int64_t row = first; row < std::min(first + kLanes, end); ++row) {
      if (!takes_part(which, row)) continue;
      const int64_t lane = row - first;
      RowComparison& out = rows[row];
      out.ranking = static_cast<double>(stripe.hits[lane]) / num_own;
      out.own_mean = stripe.own_sum[lane] / num_own;
      out.margin = out.own_mean - stripe.other_sum[lane] / (num_all - num_own);
      out.hardest = stripe.hardest[lane];
    }
  }
}

void CohortView::compare_side(Side which) {
  std::vector<RowComparison>& rows = comparisons_[static_cast<int>(which)];
  std::vector<float> buffer;
  for (int64_t pair = 0; pair < cohort_.num_pairs; ++pair) {
    if (has_negatives(*this, pair)) {
      compare_pair(which, pair, buffer);
      continue;
    }
    const int64_t begin = pair * cohort_.group_size;
    for (int64_t row = begin; row < begin + cohort_.group_size; ++row) {
      if (rows[row].state != CellState::kValue) continue;
      rows[row].state = CellState::kInvalid;
      rows[row].reason = "no other pair of the cohort is a negative of its own";
    }
  }
}

}  // namespace ume
