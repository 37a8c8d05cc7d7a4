#include "reward/reward_pipeline.h"

#include <algorithm>
#include <cmath>
#include <exception>
#include <span>
#include <utility>

#include "common/error/check.h"
#include "common/error/error.h"
#include "common/random/philox.h"
#include "common/text/utf8.h"
#include "reward/composition.h"
#include "reward/policy_hash.h"
#include "reward/reward_statistics.h"

namespace ume {
namespace {

// Why these cells cannot be used, or nothing.
std::string defect(const std::vector<RewardCell>& cells, int64_t rows) {
  if (static_cast<int64_t>(cells.size()) != rows) {
    return "returned " + std::to_string(cells.size()) + " cells, expected " +
           std::to_string(rows);
  }
  for (const RewardCell& cell : cells) {
    if (cell.state == CellState::kValue && !std::isfinite(cell.value)) {
      return "returned a number that is not finite";
    }
  }
  return "";
}

// The reason goes into every cell: of a large cohort a shorter one, so that the
// table stays far below what a message may have.
size_t longest_reason(int64_t rows) {
  return std::clamp<size_t>((size_t{1} << 20) / static_cast<size_t>(rows), 64,
                            1024);
}

RewardColumn failed_column(std::string name,
                           const std::string& reason,
                           int64_t rows) {
  const RewardCell cell{CellState::kFailed, 0.0,
                        shortened_utf8(reason, longest_reason(rows))};
  return {std::move(name), std::vector<RewardCell>(rows, cell),
          std::vector<RewardCell>(rows, cell)};
}

// The control experiment: values change places at random within the side;
// cells without a value keep theirs.
void shuffle_values(std::vector<RewardCell>& cells,
                    uint64_t seed,
                    uint64_t cohort,
                    Side side) {
  std::vector<double> values;
  for (const RewardCell& cell : cells) {
    if (cell.state == CellState::kValue) values.push_back(cell.value);
  }
  RandomStream random(seed, cohort, static_cast<uint32_t>(side));
  random.shuffle(std::span(values));
  size_t next = 0;
  for (RewardCell& cell : cells) {
    if (cell.state == CellState::kValue) cell.value = values[next++];
  }
}

void shuffle_total(const RewardConfig& config,
                   const Cohort& cohort,
                   RewardColumn& total) {
  const auto seed = static_cast<uint64_t>(config.control_seed);
  shuffle_values(total.query, seed, cohort.id, Side::kQuery);
  shuffle_values(total.target, seed, cohort.id, Side::kTarget);
}

}  // namespace

RewardPipeline::RewardPipeline(
    RewardConfig config, std::vector<std::unique_ptr<RewardPolicy>> policies)
    : config_(std::move(config)), policies_(std::move(policies)) {
  UME_CHECK(policies_.size() == config_.terms.size(), "one policy per term");
  std::vector<std::string> fingerprints;
  for (const auto& policy : policies_) {
    fingerprints.push_back(policy->fingerprint());
    compares_pairs_ = compares_pairs_ || policy->compares_pairs();
    compares_sides_ = compares_sides_ || policy->compares_sides();
  }
  view_.missing = missing_embedding(config_.missing_embedding);
  view_.negatives = config_.negatives;
  view_.compare = compares_pairs_;
  policy_hash_ = ume::policy_hash(config_, fingerprints);
}

double RewardPipeline::longest_seconds() const {
  double seconds = 0.0;
  for (const RewardTermConfig& term : config_.terms) {
    seconds += 1.5 * term.extension.longest_seconds(term.name);
  }
  return seconds;
}

double RewardPipeline::blocked_seconds() const {
  double seconds = 0.0;
  for (const auto& policy : policies_) {
    seconds = std::max(seconds, policy->blocked_seconds());
  }
  return seconds;
}

std::map<std::string, double> RewardPipeline::metrics() const {
  std::map<std::string, double> all;
  for (size_t term = 0; term < policies_.size(); ++term) {
    std::map<std::string, double> own;
    policies_[term]->report(own);
    for (const auto& [name, value] : own) {
      all[config_.terms[term].column() + "/" + name] = value;
    }
  }
  return all;
}

RewardColumn RewardPipeline::run_term(size_t term,
                                      const CohortView& view) const {
  const std::string& name = config_.terms[term].column();
  try {
    RewardColumn column = policies_[term]->score(view);
    column.name = name;
    for (const auto* cells : {&column.query, &column.target}) {
      const std::string found = defect(*cells, view.num_rows());
      if (!found.empty()) {
        return failed_column(name, "term " + name + " " + found,
                             view.num_rows());
      }
    }
    clip_values(config_.terms[term].clip, column);
    return column;
  } catch (const std::exception& e) {
    return failed_column(name, "term " + name + " threw: " + e.what(),
                         view.num_rows());
  }
}

RewardTable RewardPipeline::score(const Cohort& cohort,
                                  const EmbeddingDefects& defects) const {
  check_cohort(cohort);
  if (compares_pairs_ && cohort.num_pairs < 2) {
    throw InvalidInput("cohort " + std::to_string(cohort.id) +
                       ": a single pair has no negatives to compare with; "
                       "expected at least 2 pairs a cohort");
  }
  const CohortView view(cohort, view_, defects);
  RewardTable table;
  table.policy_hash = policy_hash_;
  for (size_t term = 0; term < policies_.size(); ++term) {
    table.components.push_back(run_term(term, view));
  }
  ComposedReward composed = compose(config_, cohort, table.components);
  table.statistics = reward_statistics(view, table.components, composed);
  if (composed.raw) table.components.push_back(std::move(*composed.raw));
  table.total = std::move(composed.total);
  if (config_.control == "shuffle") shuffle_total(config_, cohort, table.total);
  return table;
}

RewardPipeline make_reward_pipeline(const RewardConfig& config,
                                    const RewardEnvironment& environment) {
  config.validate();
  std::vector<std::unique_ptr<RewardPolicy>> policies;
  for (const RewardTermConfig& term : config.terms) {
    policies.push_back(make_reward_policy(term, environment));
  }
  return RewardPipeline(config, std::move(policies));
}

}  // namespace ume
