#include "reward/reward_pipeline.h"

#include <bit>
#include <cmath>
#include <exception>
#include <span>
#include <utility>

#include "common/error/check.h"
#include "common/error/error.h"
#include "common/hash/xxh3.h"
#include "common/random/philox.h"

namespace ume {
namespace {

MissingEmbedding missing_embedding(const std::string& name) {
  if (name == "prompt") return MissingEmbedding::kPrompt;
  if (name == "drop") return MissingEmbedding::kDrop;
  return MissingEmbedding::kZero;
}

// Feeds a hash with every field of a config, names included.
struct HashingVisitor {
  Xxh3Hasher& hasher;

  void operator()(const char* name, bool& value, const char*) {
    hasher.update_field(name).update_u64(value);
  }
  void operator()(const char* name, int64_t& value, const char*) {
    hasher.update_field(name).update_u64(static_cast<uint64_t>(value));
  }
  void operator()(const char* name, double& value, const char*) {
    hasher.update_field(name).update_u64(std::bit_cast<uint64_t>(value));
  }
  void operator()(const char* name, std::string& value, const char*) {
    hasher.update_field(name).update_field(value);
  }
  template <class T>
  void operator()(const char* name, std::vector<T>& list, const char*) {
    hasher.update_field(name).update_u64(list.size());
    for (T& item : list) visit_fields(*this, item);
  }
};

template <class T>
void hash_numbers(Xxh3Hasher& hasher, const std::vector<T>& values) {
  hasher.update_u64(values.size());
  hasher.update(std::as_bytes(std::span(values)));
}

void hash_side(Xxh3Hasher& hasher, const CohortSide& side) {
  hasher.update_u64(side.completions.size());
  for (const std::string& text : side.completions) hasher.update_field(text);
  hash_numbers(hasher, side.gen_embeddings);
  hash_numbers(hasher, side.has_embedding);
  hash_numbers(hasher, side.completion_tokens);
  hash_numbers(hasher, side.disc_embeddings);
}

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

RewardColumn failed_column(std::string name, std::string reason, int64_t rows) {
  const RewardCell cell{CellState::kFailed, 0.0, std::move(reason)};
  return {std::move(name), std::vector<RewardCell>(rows, cell),
          std::vector<RewardCell>(rows, cell)};
}

// Adds a weighted summand; failed beats invalid beats value, and the first
// reason of the worst state stays.
void add_to(RewardCell& total, const RewardCell& part, double weight) {
  if (part.state > total.state) {
    total = {part.state, 0.0, part.reason};
  } else if (total.state == CellState::kValue) {
    total.value += weight * part.value;
    if (!std::isfinite(total.value)) {
      total = {CellState::kFailed, 0.0, "the weighted sum is not finite"};
    }
  }
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

}  // namespace

RewardPipeline::RewardPipeline(
    RewardConfig config, std::vector<std::unique_ptr<RewardPolicy>> policies)
    : config_(std::move(config)), policies_(std::move(policies)) {
  UME_CHECK(policies_.size() == config_.terms.size(), "one policy per term");
  missing_ = missing_embedding(config_.missing_embedding);
  policy_hash_ = ume::policy_hash(config_);
  for (const auto& policy : policies_) {
    compares_pairs_ = compares_pairs_ || policy->compares_pairs();
  }
}

RewardColumn RewardPipeline::run_term(size_t term,
                                      const CohortView& view) const {
  const std::string& name = config_.terms[term].name;
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
    return column;
  } catch (const std::exception& e) {
    return failed_column(name, "term " + name + " threw: " + e.what(),
                         view.num_rows());
  }
}

RewardColumn RewardPipeline::total_of(
    const std::vector<RewardColumn>& components, const CohortView& view) const {
  RewardColumn total{"total", std::vector<RewardCell>(view.num_rows()),
                     std::vector<RewardCell>(view.num_rows())};
  for (size_t term = 0; term < components.size(); ++term) {
    const double weight = config_.terms[term].weight;
    if (weight == 0.0) continue;
    for (int64_t row = 0; row < view.num_rows(); ++row) {
      add_to(total.query[row], components[term].query[row], weight);
      add_to(total.target[row], components[term].target[row], weight);
    }
  }
  if (missing_ == MissingEmbedding::kDrop) {
    for (int64_t row = 0; row < view.num_rows(); ++row) {
      const RewardCell dropped{CellState::kInvalid, 0.0,
                               "no <gen_emb>: dropped"};
      if (!view.side(Side::kQuery).has_embedding[row]) {
        add_to(total.query[row], dropped, 1.0);
      }
      if (!view.side(Side::kTarget).has_embedding[row]) {
        add_to(total.target[row], dropped, 1.0);
      }
    }
  }
  if (config_.control == "shuffle") {
    const auto seed = static_cast<uint64_t>(config_.control_seed);
    const uint64_t id = view.cohort().id;
    shuffle_values(total.query, seed, id, Side::kQuery);
    shuffle_values(total.target, seed, id, Side::kTarget);
  }
  return total;
}

RewardTable RewardPipeline::score(const Cohort& cohort,
                                  const EmbeddingDefects& defects) const {
  check_cohort(cohort);
  if (compares_pairs_ && cohort.num_pairs < 2) {
    throw InvalidInput("cohort " + std::to_string(cohort.id) +
                       ": a single pair has no negatives to compare with; "
                       "expected at least 2 pairs a cohort");
  }
  const CohortView view(cohort, missing_, defects, compares_pairs_);
  RewardTable table;
  table.policy_hash = policy_hash_;
  table.input_digest = input_digest(cohort);
  for (size_t term = 0; term < policies_.size(); ++term) {
    table.components.push_back(run_term(term, view));
  }
  table.total = total_of(table.components, view);
  return table;
}

RewardPipeline make_reward_pipeline(const RewardConfig& config) {
  std::vector<std::unique_ptr<RewardPolicy>> policies;
  for (const RewardTermConfig& term : config.terms) {
    policies.push_back(make_reward_policy(term));
  }
  config.validate();
  return RewardPipeline(config, std::move(policies));
}

std::string policy_hash(const RewardConfig& config) {
  RewardConfig copy = config;
  Xxh3Hasher hasher;
  HashingVisitor visitor{hasher};
  hasher.update_field("ume reward policy 1");
  visit_fields(visitor, copy);
  return hasher.hex();
}

std::string input_digest(const Cohort& cohort) {
  Xxh3Hasher hasher;
  hasher.update_field("ume cohort 1");
  hasher.update_u64(cohort.id).update_u64(cohort.update);
  hasher.update_u64(static_cast<uint64_t>(cohort.num_pairs));
  hasher.update_u64(static_cast<uint64_t>(cohort.group_size));
  hasher.update_u64(static_cast<uint64_t>(cohort.dim));
  hash_numbers(hasher, cohort.dispatch_index);
  hasher.update_u64(cohort.sources.size());
  for (const std::string& source : cohort.sources) hasher.update_field(source);
  hash_side(hasher, cohort.query);
  hash_side(hasher, cohort.target);
  return hasher.hex();
}

}  // namespace ume
