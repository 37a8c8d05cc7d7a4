#include "eval/report/statistics.h"

#include <algorithm>
#include <unordered_map>

#include "common/error/error.h"
#include "eval/metrics/pass_at_k.h"

namespace ume {
namespace {

std::optional<double> score_of(const QueryOutcome& query, QueryScore score) {
  switch (score) {
    case QueryScore::kDisc:
      return query.disc;
    case QueryScore::kGen:
      return query.gen;
    case QueryScore::kOracle:
      return std::max(query.disc, query.gen);
    case QueryScore::kWellFormed:
      return query.well_formed ? 1.0 : 0.0;
    case QueryScore::kCareful:
      break;
  }
  if (!query.careful) return std::nullopt;
  return *query.careful ? 1.0 : 0.0;
}

// A query without a cluster is a cluster of its own.
std::string cluster_of(const QueryOutcome& query) {
  return query.cluster.empty() ? "\x01" + query.id : query.cluster;
}

struct Sample {
  std::vector<double> values;
  std::vector<std::string> clusters;

  void add(double value, const QueryOutcome& query) {
    values.push_back(value);
    clusters.push_back(cluster_of(query));
  }
  Estimate estimate(const BootstrapOptions& options) const {
    return bootstrap_mean(values, clusters, options);
  }
};

Sample sample_of(const TaskSummary& task, QueryScore score) {
  Sample sample;
  for (const QueryOutcome& query : task.queries) {
    if (const auto value = score_of(query, score)) sample.add(*value, query);
  }
  return sample;
}

std::map<int64_t, Estimate> pass_estimates(const TaskSummary& task,
                                           const BootstrapOptions& options) {
  std::map<int64_t, Estimate> out;
  for (int64_t k = 1; k <= task.num_samples; k *= 2) {
    Sample sample;
    for (const QueryOutcome& query : task.queries) {
      sample.add(pass_at_k(task.num_samples, query.successes, k), query);
    }
    out[k] = sample.estimate(options);
  }
  return out;
}

}  // namespace

TaskStatistics task_statistics(const TaskSummary& task,
                               const BootstrapOptions& options) {
  TaskStatistics out;
  out.name = task.name;
  out.title = task.title;
  out.worked_out = task.worked_out;
  out.main_metric = task.main_metric;
  out.num_queries = static_cast<int64_t>(task.queries.size());
  out.num_candidates = task.num_candidates;
  out.chance = task.chance;
  out.disc = sample_of(task, QueryScore::kDisc).estimate(options);
  out.gen = sample_of(task, QueryScore::kGen).estimate(options);
  out.oracle = sample_of(task, QueryScore::kOracle).estimate(options);
  out.well_formed = sample_of(task, QueryScore::kWellFormed).estimate(options);
  out.pass = pass_estimates(task, options);
  Sample difference;
  for (const QueryOutcome& query : task.queries) {
    difference.add(query.gen - query.disc, query);
  }
  out.gen_minus_disc = difference.estimate(options);
  const Sample careful = sample_of(task, QueryScore::kCareful);
  if (!careful.values.empty()) out.careful = careful.estimate(options);
  return out;
}

std::optional<TaskSummary> pool_tasks(const EvalSummary& summary,
                                      bool worked_out_only) {
  TaskSummary pool;
  pool.name = worked_out_only ? "worked_out" : "all";
  pool.title =
      worked_out_only ? "All tasks that must be worked out" : "All tasks";
  pool.worked_out = worked_out_only;
  double chance = 0.0;
  bool first = true;
  for (const TaskSummary& task : summary.tasks) {
    if (worked_out_only && !task.worked_out) continue;
    if (task.queries.empty()) continue;
    pool.main_metric = task.main_metric;
    pool.num_candidates = std::max(pool.num_candidates, task.num_candidates);
    if (first) pool.num_samples = task.num_samples;
    if (task.num_samples != pool.num_samples) pool.num_samples = 0;
    first = false;
    chance += task.chance * static_cast<double>(task.queries.size());
    for (QueryOutcome query : task.queries) {
      query.id = task.name + "/" + query.id;
      pool.queries.push_back(std::move(query));
    }
  }
  if (pool.queries.empty()) return std::nullopt;
  pool.chance = chance / static_cast<double>(pool.queries.size());
  if (pool.num_samples == 0) {
    for (QueryOutcome& query : pool.queries) query.successes = 0;
  }
  return pool;
}

Estimate stage_difference(const TaskSummary& before,
                          const TaskSummary& after,
                          QueryScore score,
                          const BootstrapOptions& options) {
  std::unordered_map<std::string, const QueryOutcome*> known;
  for (const QueryOutcome& query : before.queries) known[query.id] = &query;
  const auto differ = [&] {
    throw InvalidInput("task '" + after.name +
                       "': the two stages were evaluated on different queries");
  };
  if (before.queries.size() != after.queries.size()) differ();
  Sample sample;
  for (const QueryOutcome& query : after.queries) {
    const auto at = known.find(query.id);
    if (at == known.end()) differ();
    const auto now = score_of(query, score);
    const auto then = score_of(*at->second, score);
    if (now && then) sample.add(*now - *then, query);
  }
  return sample.estimate(options);
}

}  // namespace ume
