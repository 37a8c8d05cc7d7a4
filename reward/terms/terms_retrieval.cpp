// Terms of where the own pair's columns stand: `retrieval_ndcg`, `threshold`.
#include <algorithm>
#include <cmath>

#include "reward/internal/stripe.h"
#include "reward/internal/terms.h"

namespace ume {
namespace {

// The cells' states; values are 0 so far.
RewardCells empty_cells(const CohortView& view, Side side) {
  RewardCells cells;
  cells.reserve(view.num_rows());
  for (const RowComparison& row : view.comparisons(side)) {
    cells.push_back({row.state, 0.0, row.reason});
  }
  return cells;
}

// A term that scores the rows of one pair at a time.
class PairTerm : public RewardPolicy {
 public:
  bool compares_pairs() const override { return true; }
  RewardColumn score(const CohortView& view) const override {
    return {std::string(name()), cells(view, Side::kQuery),
            cells(view, Side::kTarget)};
  }

 private:
  // The cells of the pair's rows that have a comparison.
  virtual void score_pair(const CohortView& view,
                          Side side,
                          int64_t pair,
                          const ColumnSet& set,
                          RewardCells& cells) const = 0;

  RewardCells cells(const CohortView& view, Side side) const {
    RewardCells out = empty_cells(view, side);
    for (int64_t pair = 0; pair < view.cohort().num_pairs; ++pair) {
      const ColumnSet set = view.columns(side, pair);
      if (set.comparable()) score_pair(view, side, pair, set, out);
    }
    return out;
  }
};

bool has_value(const CohortView& view,
               Side side,
               int64_t row,
               const RewardCells& cells) {
  return cells[row].state == CellState::kValue && view.takes_part(side, row);
}

double discount(int64_t rank) {
  return 1.0 / std::log2(1.0 + static_cast<double>(rank));
}

// Discounted gain of the own columns' ranks among all, over the best possible.
class NdcgTerm : public PairTerm {
 public:
  std::string_view name() const override { return "retrieval_ndcg"; }

 private:
  void score_pair(const CohortView& view,
                  Side side,
                  int64_t pair,
                  const ColumnSet& set,
                  RewardCells& cells) const override {
    const int64_t group = view.cohort().group_size;
    std::vector<float> buffer;
    for (int64_t first = pair * group; first < (pair + 1) * group;
         first += kLanes) {
      view.fill_stripe(side, first, set, buffer);
      const Stripe stripe{buffer.data(),
                          static_cast<int64_t>(set.columns.size()),
                          static_cast<int64_t>(set.own_begin),
                          static_cast<int64_t>(set.own_end)};
      const std::array<double, kLanes> gains = gains_of(stripe);
      const int64_t end = std::min(first + kLanes, (pair + 1) * group);
      for (int64_t row = first; row < end; ++row) {
        if (has_value(view, side, row, cells)) {
          cells[row].value = gains[row - first];
        }
      }
    }
  }

  static std::array<double, kLanes> gains_of(const Stripe& stripe) {
    const int64_t num_own = stripe.own_end - stripe.own_begin;
    std::array<double, kLanes> gains{};
    double best = 0.0;
    for (int64_t k = 0; k < num_own; ++k) {
      const std::array<int32_t, kLanes> before = others_before(stripe, k);
      for (int64_t l = 0; l < kLanes; ++l) {
        gains[l] += discount(1 + before[l] + own_before(stripe, k, l));
      }
      best += discount(1 + k);
    }
    for (double& gain : gains) gain /= best;
    return gains;
  }

  static int64_t own_before(const Stripe& stripe, int64_t own, int64_t lane) {
    const auto at = [&](int64_t k) {
      return stripe.values[(stripe.own_begin + k) * kLanes + lane];
    };
    int64_t count = 0;
    for (int64_t k = 0; k < stripe.own_end - stripe.own_begin; ++k) {
      count += at(k) > at(own) || (at(k) == at(own) && k < own);
    }
    return count;
  }
};

// Share of the own columns whose similarity reaches a fixed threshold.
class ThresholdTerm : public PairTerm {
 public:
  explicit ThresholdTerm(double threshold) : threshold_(threshold) {}
  std::string_view name() const override { return "threshold"; }

 private:
  void score_pair(const CohortView& view,
                  Side side,
                  int64_t pair,
                  const ColumnSet& set,
                  RewardCells& cells) const override {
    const int64_t group = view.cohort().group_size;
    for (int64_t row = pair * group; row < (pair + 1) * group; ++row) {
      if (!has_value(view, side, row, cells)) continue;
      int64_t reached = 0;
      for (size_t k = set.own_begin; k < set.own_end; ++k) {
        reached += view.similarity(side, row, set.columns[k]) >= threshold_;
      }
      cells[row].value = static_cast<double>(reached) /
                         static_cast<double>(set.own_end - set.own_begin);
    }
  }

  const double threshold_;
};

}  // namespace

std::unique_ptr<RewardPolicy> make_retrieval_ndcg_term(const TermParameters&) {
  return std::make_unique<NdcgTerm>();
}

std::unique_ptr<RewardPolicy> make_threshold_term(const TermParameters& p) {
  return std::make_unique<ThresholdTerm>(p.threshold);
}

}  // namespace ume
