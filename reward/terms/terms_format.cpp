// Terms of a completion's form: `format`, `answer_in_reasoning`.
#include <string>
#include <utility>

#include "reward/internal/terms.h"
#include "reward/terms/format_rule.h"

namespace ume {
namespace {

// 1 for a completion that a rule accepts, else 0.
class RuleTerm : public RewardPolicy {
 public:
  using Rule = bool (*)(std::string_view);
  RuleTerm(std::string name, Rule rule) : name_(std::move(name)), rule_(rule) {}
  std::string_view name() const override { return name_; }
  bool compares_pairs() const override { return false; }
  RewardColumn score(const CohortView& cohort) const override {
    return {name_, cells(cohort.cohort().query), cells(cohort.cohort().target)};
  }

 private:
  RewardCells cells(const CohortSide& side) const {
    RewardCells out;
    out.reserve(side.completions.size());
    for (const std::string& text : side.completions) {
      out.push_back({CellState::kValue, rule_(text) ? 1.0 : 0.0, ""});
    }
    return out;
  }

  const std::string name_;
  const Rule rule_;
};

}  // namespace

std::unique_ptr<RewardPolicy> make_format_term(const TermParameters& p) {
  return std::make_unique<RuleTerm>(
      "format", p.strict ? has_strict_answer_format : has_answer_format);
}

std::unique_ptr<RewardPolicy> make_answer_in_reasoning_term(
    const TermParameters&) {
  return std::make_unique<RuleTerm>("answer_in_reasoning", answer_in_reasoning);
}

}  // namespace ume
