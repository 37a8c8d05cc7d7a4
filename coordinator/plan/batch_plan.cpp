#include "coordinator/plan/batch_plan.h"

#include <algorithm>
#include <numeric>

#include "common/error/check.h"
#include "common/error/error.h"
#include "common/hash/xxh3.h"

namespace ume {
namespace {

int64_t completion_tokens(const PlanGroup& group) {
  int64_t tokens = 0;
  for (const int32_t sample : group.kept) {
    tokens += group.row.completion_tokens[static_cast<size_t>(sample)];
  }
  return tokens;
}

// The prompt is computed once for its group.
int64_t work_tokens(const PlanGroup& group) {
  return group.row.prompt_tokens + completion_tokens(group);
}

void deal(const std::vector<PlanGroup>& groups,
          std::vector<size_t> order,
          BatchPlan& plan) {
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return work_tokens(groups[a]) > work_tokens(groups[b]);
  });
  std::vector<int64_t> load(plan.slices.size(), 0);
  for (const size_t index : order) {
    const auto rank = static_cast<size_t>(
        std::min_element(load.begin(), load.end()) - load.begin());
    load[rank] += work_tokens(groups[index]);
    plan.slices[rank].push_back(index);
  }
  for (auto& slice : plan.slices) std::sort(slice.begin(), slice.end());
}

std::string plan_hash(const BatchPlan& plan,
                      const std::vector<PlanGroup>& groups) {
  Xxh3Hasher hasher;
  hasher.update_field(plan.id);
  for (const auto& slice : plan.slices) {
    hasher.update_u64(slice.size());
    for (const size_t index : slice) {
      const PlanGroup& group = groups[index];
      hasher.update_field(group.row.key());
      hasher.update_field(group.row.result_digest);
      for (const int32_t sample : group.kept) {
        hasher.update_u64(static_cast<uint64_t>(sample));
      }
      hasher.update_field(
          std::string_view(reinterpret_cast<const char*>(group.rewards.data()),
                           group.rewards.size() * sizeof(double)));
    }
  }
  return hasher.hex();
}

TrainGroup make_train_group(const PlanGroup& group,
                            const GroupResult& result,
                            const PairRecord& pair) {
  TrainGroup train;
  train.group = group.row.group;
  train.prompt =
      group.row.group.side == Side::kQuery ? pair.query : pair.target;
  train.prompt_digest = result.prompt_digest;
  train.version = result.version;
  train.rewards = group.rewards;
  for (const int32_t sample : group.kept) {
    const Trajectory& t = result.trajectories.at(static_cast<size_t>(sample));
    train.completion_ids.push_back(t.ids);
    train.logprobs.push_back(t.logprobs);
  }
  return train;
}

struct Mean {
  double sum = 0.0;
  int64_t count = 0;
  void add(double value) {
    sum += value;
    ++count;
  }
};

void add_column(const RewardColumn& column,
                std::map<std::string, Mean>& means) {
  Mean invalid;
  for (const Side side : {Side::kQuery, Side::kTarget}) {
    const auto& cells = side == Side::kQuery ? column.query : column.target;
    for (const RewardCell& cell : cells) {
      invalid.add(cell.state == CellState::kValue ? 0.0 : 1.0);
      if (cell.state != CellState::kValue) continue;
      means["reward/" + column.name].add(cell.value);
      means["reward/" + std::string(side_name(side)) + "/" + column.name].add(
          cell.value);
    }
  }
  if (invalid.sum == 0.0) return;
  Mean& share = means["reward_invalid/" + column.name];
  share.sum += invalid.sum / static_cast<double>(invalid.count);
  ++share.count;
}

}  // namespace

BatchPlan plan_batch(const std::string& id,
                     const std::vector<PlanGroup>& groups,
                     int32_t world_size) {
  UME_CHECK(world_size >= 1, "a plan is for at least one rank");
  BatchPlan plan;
  plan.id = id;
  plan.slices.resize(static_cast<size_t>(world_size));
  std::vector<size_t> order;
  for (size_t i = 0; i < groups.size(); ++i) {
    if (groups[i].kept.size() < 2) {
      ++plan.dropped_groups;
      continue;
    }
    order.push_back(i);
    const auto side = static_cast<size_t>(groups[i].row.group.side);
    plan.num_trajectories[side] += static_cast<int64_t>(groups[i].kept.size());
    plan.num_tokens[side] += completion_tokens(groups[i]);
  }
  deal(groups, std::move(order), plan);
  plan.hash = plan_hash(plan, groups);
  return plan;
}

std::vector<PlanGroup> collect_plan_groups(
    const std::vector<GroupRow>& rows,
    const std::vector<RewardRow>& rewards,
    int64_t group_size) {
  std::map<GroupId, std::pair<const RewardRow*, size_t>> place;
  for (const RewardRow& reward : rewards) {
    for (size_t p = 0; p < reward.dispatch_index.size(); ++p) {
      for (const Side side : {Side::kQuery, Side::kTarget}) {
        place[{reward.dispatch_index[p], side}] = {&reward, p};
      }
    }
  }
  std::vector<PlanGroup> groups;
  for (const GroupRow& row : rows) {
    const auto found = place.find(row.group);
    if (found == place.end()) continue;  // quarantined, or its pair was
    const auto& [reward, pair] = found->second;
    const auto& cells = row.group.side == Side::kQuery
                            ? reward->table.total.query
                            : reward->table.total.target;
    PlanGroup group;
    group.row = row;
    for (int64_t g = 0; g < group_size; ++g) {
      const RewardCell& cell = cells.at(pair * static_cast<size_t>(group_size) +
                                        static_cast<size_t>(g));
      if (cell.state != CellState::kValue) continue;
      group.kept.push_back(static_cast<int32_t>(g));
      group.rewards.push_back(cell.value);
    }
    groups.push_back(std::move(group));
  }
  return groups;
}

BatchSlice make_slice(const Ledger& ledger,
                      const BatchPlan& plan,
                      const std::vector<PlanGroup>& groups,
                      const std::vector<PairRecord>& data,
                      int32_t rank) {
  BatchSlice slice;
  slice.plan_id = plan.id;
  slice.plan_hash = plan.hash;
  for (int side = 0; side < 2; ++side) {
    slice.num_trajectories[side] = plan.num_trajectories[side];
    slice.num_tokens[side] = plan.num_tokens[side];
  }
  for (const size_t index : plan.slices.at(static_cast<size_t>(rank))) {
    const PlanGroup& group = groups[index];
    const auto result = find_result(ledger, group.row);
    if (!result) {
      throw IoError("ledger: trajectories of group " + group.row.key() +
                    " are missing");
    }
    const PairRecord& pair = data[group.row.group.dispatch_index % data.size()];
    slice.groups.push_back(make_train_group(group, *result, pair));
  }
  return slice;
}

std::map<std::string, double> batch_metrics(
    const std::vector<PlanGroup>& groups,
    const std::vector<RewardRow>& rewards) {
  std::map<std::string, Mean> means;
  for (const RewardRow& reward : rewards) {
    for (const RewardColumn& column : reward.table.components) {
      add_column(column, means);
    }
    RewardColumn total = reward.table.total;
    total.name = "total";
    add_column(total, means);
    for (const auto& [name, value] : reward.table.statistics) {
      means[name].add(value);
    }
  }
  for (const PlanGroup& group : groups) {
    const double all = static_cast<double>(group.row.completion_tokens.size());
    means["invalid_share"].add(1.0 - static_cast<double>(group.kept.size()) /
                                         std::max(all, 1.0));
    for (const int64_t tokens : group.row.completion_tokens) {
      means["completion_tokens"].add(static_cast<double>(tokens));
    }
  }
  std::map<std::string, double> metrics;
  for (const auto& [name, mean] : means) {
    metrics[name] = mean.sum / static_cast<double>(mean.count);
  }
  return metrics;
}

}  // namespace ume
