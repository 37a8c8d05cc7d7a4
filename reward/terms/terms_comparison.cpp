// Terms of how a trajectory compares with the other side: `ranking`, `margin`,
// `ranking_margin`, `hardest_negative_margin`.
#include <string>
#include <utility>

#include "reward/internal/terms.h"

namespace ume {
namespace {

class ComparisonTerm : public RewardPolicy {
 public:
  using Formula = double (*)(const RowComparison&);
  ComparisonTerm(std::string name, Formula formula)
      : name_(std::move(name)), formula_(formula) {}
  std::string_view name() const override { return name_; }
  bool compares_pairs() const override { return true; }
  RewardColumn score(const CohortView& cohort) const override {
    return {name_, cells(cohort.comparisons(Side::kQuery)),
            cells(cohort.comparisons(Side::kTarget))};
  }

 private:
  RewardCells cells(const std::vector<RowComparison>& rows) const {
    RewardCells out;
    out.reserve(rows.size());
    for (const RowComparison& row : rows) {
      const double value = row.state == CellState::kValue ? formula_(row) : 0.0;
      out.push_back({row.state, value, row.reason});
    }
    return out;
  }

  const std::string name_;
  const Formula formula_;
};

}  // namespace

std::unique_ptr<RewardPolicy> make_ranking_term(const TermParameters&) {
  return std::make_unique<ComparisonTerm>(
      "ranking", [](const RowComparison& row) { return row.ranking; });
}

std::unique_ptr<RewardPolicy> make_margin_term(const TermParameters&) {
  return std::make_unique<ComparisonTerm>(
      "margin", [](const RowComparison& row) { return row.margin; });
}

std::unique_ptr<RewardPolicy> make_ranking_margin_term(const TermParameters&) {
  return std::make_unique<ComparisonTerm>(
      "ranking_margin",
      [](const RowComparison& row) { return row.ranking * row.margin; });
}

std::unique_ptr<RewardPolicy> make_hardest_negative_margin_term(
    const TermParameters&) {
  return std::make_unique<ComparisonTerm>(
      "hardest_negative_margin",
      [](const RowComparison& row) { return row.own_mean - row.hardest; });
}

}  // namespace ume
