#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "common/types/cohort.h"
#include "common/types/reward_table.h"
#include "common/types/side.h"
#include "reward/cohort/missing_embedding.h"
#include "reward/cohort/unit_rows.h"
#include "reward/reward_config.h"

namespace ume {

// Embeddings known to be unusable before they reached a cohort (wrong
// dimension in a file, for example): row -> reason.
struct EmbeddingDefects {
  std::map<int64_t, std::string> query;
  std::map<int64_t, std::string> target;
};

// How one trajectory compares with the other side of its cohort.
//
// With K = trajectories of its own pair's other side that have an embedding
// (K = G unless some are missing), and the pairs that are its negatives:
//   ranking  = |own pair's columns among the K most similar columns| / K
//   own_mean = mean similarity to own
//   margin   = own_mean - mean similarity to all negatives
//   hardest  = largest similarity to a negative
// Ties go to the lower column. All are 0 when nothing can be compared: no own
// column or no negative has an embedding.
// Source: the reward of UME-R1's published RL program (arXiv 2511.00405).
struct RowComparison {
  // kValue: the numbers hold. kInvalid: the embedding is unusable or the
  // pair has no negatives, see reason; an unusable embedding takes no part in
  // others' comparisons. Never kFailed.
  CellState state = CellState::kValue;
  double ranking = 0.0;
  double margin = 0.0;
  double own_mean = 0.0;
  double hardest = 0.0;
  std::string reason;
};

struct ViewOptions {
  MissingEmbedding missing = MissingEmbedding::kZero;
  NegativesConfig negatives;
  bool compare = true;  // whether any term needs similarities
};

// The other side's rows that the rows of a pair are compared with.
struct ColumnSet {
  std::span<const int32_t> columns;  // ascending
  size_t own_begin = 0;  // those of the own pair: [own_begin, own_end)
  size_t own_end = 0;
  std::vector<int32_t> chosen;  // behind `columns` where not all take part

  bool comparable() const {
    return own_begin < own_end && own_end - own_begin < columns.size();
  }
};

// A cohort with what the terms share: one similarity product for all of them.
class CohortView {
 public:
  // `cohort` must outlive the view and be well-formed (check_cohort).
  // Throws InvalidInput when the cohort does not hold what the choice of
  // negatives needs, or has more rows than can be compared.
  CohortView(const Cohort& cohort,
             const ViewOptions& options,
             const EmbeddingDefects& defects = {});

  const Cohort& cohort() const { return cohort_; }
  const CohortSide& side(Side side) const {
    return side == Side::kQuery ? cohort_.query : cohort_.target;
  }
  bool compared() const { return options_.compare; }
  int64_t num_rows() const { return cohort_.num_pairs * cohort_.group_size; }
  // [N*G], rows as in CohortSide. Only the states without `compare`.
  const std::vector<RowComparison>& comparisons(Side side) const {
    return comparisons_[static_cast<int>(side)];
  }
  // Cosine similarities of query rows and target rows, [N*G, N*G] row-major; 0
  // where either has no usable embedding. Empty without `compare`.
  std::span<const float> similarity() const { return similarity_.all(); }
  // Of a row of `side` and a row of the other side.
  float similarity(Side side, int64_t row, int64_t column) const {
    return side == Side::kQuery ? similarity_.row(row)[column]
                                : similarity_.row(column)[row];
  }
  // The generative embeddings of unit length; zeros where there is none that
  // can be used.
  const UnitRows& unit_embeddings(Side side) const {
    return unit_[static_cast<int>(side)];
  }
  // Whether the row's embedding takes part in others' comparisons.
  bool takes_part(Side side, int64_t row) const {
    return takes_part_[static_cast<int>(side)][row] != 0;
  }
  // Whether pair `other` is a negative of `pair`.
  bool is_negative(int64_t pair, int64_t other) const;
  // What the rows of `side` and `pair` are compared with.
  ColumnSet columns(Side side, int64_t pair) const;
  // Up to kLanes rows of one pair, from `row` on, against `set`, laid out for
  // compare_stripe in `buffer` ([set.columns.size(), kLanes]).
  void fill_stripe(Side side,
                   int64_t row,
                   const ColumnSet& set,
                   std::vector<float>& buffer) const;

 private:
  UnitRows unit_rows(Side side, const EmbeddingDefects& defects);
  std::string unusable(Side side,
                       int64_t row,
                       const EmbeddingDefects& defects) const;
  void compare_side(Side side);
  void compare_pair(Side side, int64_t pair, std::vector<float>& buffer);

  const Cohort& cohort_;
  const ViewOptions options_;
  std::vector<RowComparison> comparisons_[2];
  std::vector<uint8_t> takes_part_[2];
  std::vector<int32_t> participants_[2];  // rows that take part, ascending
  UnitRows unit_[2];
  FloatMatrix similarity_;
};

// Throws InvalidInput unless N >= 1, G >= 1 and the lists have N*G entries.
// The length of gen_embeddings is not checked here: a side with a wrong one
// gets invalid cells.
void check_cohort(const Cohort& cohort);

}  // namespace ume
