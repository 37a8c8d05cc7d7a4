#include <algorithm>
#include <utility>

#include "common/error/error.h"
#include "reward/format_rule.h"
#include "reward/reward_policy.h"

namespace ume {
namespace {

using Rows = std::vector<RewardCell>;

// 1 for a completion that a rule accepts, else 0.
class TextTerm : public RewardPolicy {
 public:
  using Rule = bool (*)(std::string_view);
  TextTerm(std::string name, Rule rule) : name_(std::move(name)), rule_(rule) {}
  std::string_view name() const override { return name_; }
  bool compares_pairs() const override { return false; }
  RewardColumn score(const CohortView& cohort) const override {
    return {name_, cells(cohort.cohort().query), cells(cohort.cohort().target)};
  }

 private:
  Rows cells(const CohortSide& side) const {
    Rows out;
    out.reserve(side.completions.size());
    for (const std::string& text : side.completions) {
      out.push_back({CellState::kValue, rule_(text) ? 1.0 : 0.0, ""});
    }
    return out;
  }

  const std::string name_;
  const Rule rule_;
};

// A function of how a trajectory compares with the other side.
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
  Rows cells(const std::vector<RowComparison>& rows) const {
    Rows out;
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

double ranking(const RowComparison& row) {
  return row.ranking;
}
double margin(const RowComparison& row) {
  return row.margin;
}
double ranking_margin(const RowComparison& row) {
  return row.ranking * row.margin;
}

// Number of single-letter changes between two short names.
size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j < row.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i);
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t change = diagonal + (a[i - 1] != b[j - 1]);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, change});
    }
  }
  return row.back();
}

[[noreturn]] void throw_unknown(const std::string& name) {
  const std::vector<std::string> names = reward_policy_names();
  std::string known;
  for (const std::string& n : names) known += (known.empty() ? "" : ", ") + n;
  const std::string nearest = *std::min_element(
      names.begin(), names.end(), [&](const auto& a, const auto& b) {
        return edit_distance(name.substr(0, 64), a) <
               edit_distance(name.substr(0, 64), b);
      });
  throw ConfigError("reward.terms: unknown term '" + name.substr(0, 64) +
                    "'; did you mean '" + nearest + "'? Known: " + known);
}

}  // namespace

std::vector<std::string> reward_policy_names() {
  return {"answer_in_reasoning", "format", "margin", "ranking",
          "ranking_margin"};
}

std::unique_ptr<RewardPolicy> make_reward_policy(
    const RewardTermConfig& config) {
  if (config.name == "format") {
    return std::make_unique<TextTerm>(
        "format", config.strict ? has_strict_answer_format : has_answer_format);
  }
  if (config.name == "answer_in_reasoning") {
    return std::make_unique<TextTerm>("answer_in_reasoning",
                                      answer_in_reasoning);
  }
  if (config.name == "ranking") {
    return std::make_unique<ComparisonTerm>("ranking", ranking);
  }
  if (config.name == "margin") {
    return std::make_unique<ComparisonTerm>("margin", margin);
  }
  if (config.name == "ranking_margin") {
    return std::make_unique<ComparisonTerm>("ranking_margin", ranking_margin);
  }
  throw_unknown(config.name);
}

}  // namespace ume
