#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "common/types/cohort.h"
#include "common/types/reward_table.h"
#include "common/types/side.h"

namespace ume {

// What a trajectory without its own generative embedding gets
// (RewardConfig::missing_embedding).
enum class MissingEmbedding : uint8_t { kZero, kPrompt, kDrop };

// Embeddings known to be unusable before they reached a cohort (wrong
// dimension in a file, for example): row -> reason.
struct EmbeddingDefects {
  std::map<int64_t, std::string> query;
  std::map<int64_t, std::string> target;
};

// How one trajectory compares with the other side of its cohort.
//
// With K = trajectories of its own pair's other side that have an embedding
// (K = G unless some are missing):
//   ranking = |own pair's columns among the K most similar columns| / K
//   margin  = mean similarity to own - mean similarity to all other pairs
// Ties go to the lower column. Both are 0 when nothing can be compared: no own
// column or no column of another pair has an embedding.
// Source: UME-R1, specification 5.5.
struct RowComparison {
  // kValue: ranking and margin hold. kInvalid: the embedding is unusable, see
  // reason; it takes no part in others' comparisons. Never kFailed.
  CellState state = CellState::kValue;
  double ranking = 0.0;
  double margin = 0.0;
  std::string reason;
};

// A cohort with what the terms share: one similarity product for all of them.
class CohortView {
 public:
  // `cohort` must outlive the view and be well-formed (check_cohort).
  // compare: whether any term needs similarities.
  CohortView(const Cohort& cohort,
             MissingEmbedding missing,
             const EmbeddingDefects& defects,
             bool compare);

  const Cohort& cohort() const { return cohort_; }
  const CohortSide& side(Side side) const {
    return side == Side::kQuery ? cohort_.query : cohort_.target;
  }
  int64_t num_rows() const { return cohort_.num_pairs * cohort_.group_size; }
  // [N*G], rows as in CohortSide.
  const std::vector<RowComparison>& comparisons(Side side) const {
    return comparisons_[static_cast<int>(side)];
  }
  // Cosine similarities of query rows and target rows, [N*G, N*G] row-major; 0
  // where either has no usable embedding. Empty without `compare`.
  const std::vector<float>& similarity() const { return similarity_; }
  // Whether the row's embedding takes part in others' comparisons.
  bool takes_part(Side side, int64_t row) const {
    return takes_part_[static_cast<int>(side)][row] != 0;
  }

 private:
  std::vector<float> unit_rows(Side side, const EmbeddingDefects& defects);
  void mark_invalid(Side side, int64_t row, std::string reason);
  void mark_missing(Side side, int64_t row);
  void compare_side(Side side);

  const Cohort& cohort_;
  MissingEmbedding missing_;
  std::vector<RowComparison> comparisons_[2];
  std::vector<uint8_t> takes_part_[2];
  std::vector<float> similarity_;
};

// Throws InvalidInput unless N >= 1, G >= 1 and the lists have N*G entries.
// The length of gen_embeddings is not checked here: a side with a wrong one
// gets invalid cells.
void check_cohort(const Cohort& cohort);

}  // namespace ume
