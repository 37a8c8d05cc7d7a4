#include "learner/grpo/grpo_batch.h"

#include <cmath>
#include <string>

#include "common/error/check.h"
#include "common/error/error.h"
#include "learner/grpo/advantage.h"

namespace ume {
namespace {

[[noreturn]] void refuse(const TrainGroup& group,
                         const std::string& field,
                         const std::string& found,
                         const std::string& expected) {
  throw InvalidInput(group_text(group.group) + ": " + field + " is " + found +
                     ", expected " + expected);
}

void check_completion(const TrainGroup& group, size_t i, int64_t vocab_size) {
  const std::string field = "completion " + std::to_string(i);
  const std::vector<int64_t>& ids = group.completion_ids[i];
  if (ids.empty()) refuse(group, field, "empty", "at least one token");
  for (int64_t id : ids) {
    if (id < 0 || id >= vocab_size) {
      refuse(group, "a token of " + field, std::to_string(id),
             "an id below " + std::to_string(vocab_size));
    }
  }
  if (group.logprobs[i].size() != ids.size()) {
    refuse(group, "number of log-probabilities of " + field,
           std::to_string(group.logprobs[i].size()),
           std::to_string(ids.size()) + ", one per token");
  }
  for (float logprob : group.logprobs[i]) {
    // Rounding may leave a certain token slightly above 0.
    if (!std::isfinite(logprob) || logprob > 1e-3f) {
      refuse(group, "a log-probability of " + field, std::to_string(logprob),
             "a finite number <= 0");
    }
  }
}

torch::Tensor to_tensor(const std::vector<float>& values) {
  return torch::tensor(values, torch::kFloat32);
}

AdvantageScale advantage_scale(const GrpoConfig& config) {
  return config.normaliser == "dr_grpo"
             ? AdvantageScale::kNone
             : parse_advantage_scale(config.advantage_scale);
}

// One packed item's completions, appended to a micro-batch's columns.
class Columns {
 public:
  Columns(const GrpoConfig& config, std::span<const GrpoTotals, 2> totals)
      : config_(config),
        totals_(totals),
        normaliser_(parse_normaliser(config.normaliser)),
        num_sides_((totals[0].num_trajectories > 0 ? 1 : 0) +
                   (totals[1].num_trajectories > 0 ? 1 : 0)) {}

  void append(const TrainGroup& group,
              const PackedBatch& packed,
              int64_t item) {
    const std::vector<float> rewards(group.rewards.begin(),
                                     group.rewards.end());
    const std::vector<float> advantages =
        group_advantages(rewards, advantage_scale(config_));
    const auto side = static_cast<size_t>(group.group.side);
    for (size_t i = 0; i < rewards.size(); ++i) {
      const std::vector<int64_t>& tokens = group.completion_ids[i];
      const auto length = static_cast<int64_t>(tokens.size());
      const std::vector<int64_t> predicting =
          packed.predicting_rows(item, static_cast<int64_t>(i));
      const double weight =
          grpo_token_weight(normaliser_, length, totals_[side],
                            config_.max_completion_tokens) /
          num_sides_;
      rows.insert(rows.end(), predicting.begin(), predicting.end());
      ids.insert(ids.end(), tokens.begin(), tokens.end());
      this->advantages.insert(this->advantages.end(), tokens.size(),
                              advantages[i]);
      weights.insert(weights.end(), tokens.size(), static_cast<float>(weight));
      sampler.insert(sampler.end(), group.logprobs[i].begin(),
                     group.logprobs[i].end());
      lengths.push_back(length);
      sides.push_back(group.group.side);
    }
  }

  std::vector<int64_t> rows, ids, lengths;
  std::vector<float> advantages, weights, sampler;
  std::vector<Side> sides;

 private:
  const GrpoConfig& config_;
  std::span<const GrpoTotals, 2> totals_;
  GrpoNormaliser normaliser_;
  int num_sides_;
};

}  // namespace

void check_group(const PreparedGroup& prepared, int64_t vocab_size) {
  const TrainGroup& group = *prepared.group;
  if (prepared.prompt->digest != group.prompt_digest) {
    refuse(group, "the prompt's digest", prepared.prompt->digest,
           group.prompt_digest +
               ", the one that the rollout sampled from (other media, "
               "template or tokenizer?)");
  }
  const size_t count = group.completion_ids.size();
  if (count < 2) {
    refuse(group, "the number of trajectories", std::to_string(count),
           "at least 2");
  }
  if (group.rewards.size() != count) {
    refuse(group, "the number of rewards", std::to_string(group.rewards.size()),
           std::to_string(count) + ", one per trajectory");
  }
  if (group.logprobs.size() != count) {
    refuse(group, "the number of log-probability rows",
           std::to_string(group.logprobs.size()),
           std::to_string(count) + ", one per trajectory");
  }
  for (double reward : group.rewards) {
    if (!std::isfinite(reward)) {
      refuse(group, "a reward", std::to_string(reward), "a finite number");
    }
  }
  for (size_t i = 0; i < count; ++i) check_completion(group, i, vocab_size);
}

std::vector<GroupRange> plan_micro_batches(
    std::span<const PreparedGroup> groups, int64_t max_tokens) {
  std::vector<GroupRange> ranges;
  int64_t used = 0;
  for (size_t i = 0; i < groups.size(); ++i) {
    auto tokens = static_cast<int64_t>(groups[i].prompt->ids.size());
    for (const auto& ids : groups[i].group->completion_ids) {
      tokens += static_cast<int64_t>(ids.size());
    }
    if (ranges.empty() || used + tokens > max_tokens) {
      ranges.push_back({i, i});
      used = 0;
    }
    ranges.back().end = i + 1;
    used += tokens;
  }
  return ranges;
}

GrpoMicroBatch build_micro_batch(std::span<const PreparedGroup> groups,
                                 const ModelConfig& model,
                                 const GrpoConfig& config,
                                 std::span<const GrpoTotals, 2> totals) {
  std::vector<PackedItem> items;
  for (const PreparedGroup& prepared : groups) {
    PackedItem item{.prompt = prepared.prompt, .completions = {}};
    for (const auto& ids : prepared.group->completion_ids) {
      item.completions.push_back(&ids);
    }
    items.push_back(std::move(item));
  }
  GrpoMicroBatch batch;
  batch.packed = pack_batch(items, model);
  Columns columns(config, totals);
  for (size_t i = 0; i < groups.size(); ++i) {
    columns.append(*groups[i].group, batch.packed, static_cast<int64_t>(i));
  }
  batch.rows = torch::tensor(columns.rows, torch::kInt64);
  batch.ids = torch::tensor(columns.ids, torch::kInt64);
  batch.advantages = to_tensor(columns.advantages);
  batch.weights = to_tensor(columns.weights);
  batch.sampler = to_tensor(columns.sampler);
  batch.lengths = std::move(columns.lengths);
  batch.sides = std::move(columns.sides);
  return batch;
}

}  // namespace ume
