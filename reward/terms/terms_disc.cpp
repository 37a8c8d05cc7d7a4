// The term that compares with discriminative embeddings: `disc_guided`.
#include <cmath>

#include "reward/cohort/unit_rows.h"
#include "reward/internal/terms.h"

namespace ume {
namespace {

constexpr Side other_side(Side side) {
  return side == Side::kQuery ? Side::kTarget : Side::kQuery;
}

// One side's discriminative embeddings, one a pair.
struct DiscRows {
  UnitRows unit;
  std::vector<uint8_t> usable;  // [N]
};

DiscRows disc_rows(const CohortView& view, Side side) {
  const int64_t pairs = view.cohort().num_pairs;
  const int64_t dim = view.cohort().dim;
  const std::vector<float>& from = view.side(side).disc_embeddings;
  std::vector<double> squares(pairs, 0.0);
  if (static_cast<int64_t>(from.size()) == pairs * dim) {
    squares = squared_lengths(from, pairs, dim);
  }
  DiscRows out;
  for (const double square : squares) {
    out.usable.push_back(std::isfinite(square) && square > 0.0);
  }
  out.unit = UnitRows(from, dim, squares, out.usable);
  return out;
}

// Margin of a generative embedding over the other side's discriminative ones.
class DiscGuidedTerm : public RewardPolicy {
 public:
  std::string_view name() const override { return "disc_guided"; }
  bool compares_pairs() const override { return true; }
  RewardColumn score(const CohortView& view) const override {
    return {"disc_guided", cells(view, Side::kQuery),
            cells(view, Side::kTarget)};
  }

 private:
  static RewardCells cells(const CohortView& view, Side side) {
    const DiscRows disc = disc_rows(view, other_side(side));
    const FloatMatrix similarity =
        cosines(view.unit_embeddings(side), disc.unit);
    RewardCells out;
    out.reserve(view.num_rows());
    for (int64_t row = 0; row < view.num_rows(); ++row) {
      const RowComparison& known = view.comparisons(side)[row];
      out.push_back({known.state, 0.0, known.reason});
      if (known.state != CellState::kValue || !view.takes_part(side, row)) {
        continue;
      }
      out.back() = cell(view, row, similarity.row(row), disc.usable);
    }
    return out;
  }

  static RewardCell cell(const CohortView& view,
                         int64_t row,
                         const float* similarity,
                         const std::vector<uint8_t>& usable) {
    const int64_t own = row / view.cohort().group_size;
    double sum = 0.0;
    int64_t count = 0;
    for (int64_t pair = 0; pair < view.cohort().num_pairs; ++pair) {
      if (!usable[pair] || !view.is_negative(own, pair)) continue;
      sum += similarity[pair];
      ++count;
    }
    if (!usable[own]) {
      return {CellState::kInvalid, 0.0,
              "the other side of its pair has no usable discriminative "
              "embedding"};
    }
    if (count == 0) {
      return {CellState::kInvalid, 0.0,
              "no negative has a usable discriminative embedding"};
    }
    return {CellState::kValue,
            similarity[own] - sum / static_cast<double>(count), ""};
  }
};

}  // namespace

std::unique_ptr<RewardPolicy> make_disc_guided_term(const TermParameters&) {
  return std::make_unique<DiscGuidedTerm>();
}

}  // namespace ume
