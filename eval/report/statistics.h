#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "eval/metrics/bootstrap.h"
#include "eval/report/eval_summary.h"

namespace ume {

// A number per query.
enum class QueryScore : uint8_t {
  kDisc,
  kGen,
  kOracle,      // the better of both
  kWellFormed,  // 0 or 1
  kCareful,     // 0 or 1; queries where it does not arise are left out
};

struct TaskStatistics {
  std::string name;
  std::string title;
  bool worked_out = false;
  std::string main_metric;
  int64_t num_queries = 0;
  int64_t num_candidates = 0;  // of the largest task, where pooled
  double chance = 0.0;
  Estimate disc;
  Estimate gen;
  Estimate oracle;
  Estimate gen_minus_disc;           // paired
  std::map<int64_t, Estimate> pass;  // k -> pass@k, unbiased
  Estimate well_formed;
  std::optional<Estimate> careful;
};

TaskStatistics task_statistics(const TaskSummary& task,
                               const BootstrapOptions& options = {});

// All queries of the evaluation's tasks as one task; clusters that tasks share
// stay together. worked_out_only: only tasks that carry the claim. Without
// samples (so no pass@k) unless all tasks have equally many.
// Returns nothing when there is no such query.
std::optional<TaskSummary> pool_tasks(const EvalSummary& summary,
                                      bool worked_out_only);

// Mean of score(after) - score(before) over the same queries, paired by id.
// Throws InvalidInput when they were not evaluated on the same queries.
Estimate stage_difference(const TaskSummary& before,
                          const TaskSummary& after,
                          QueryScore score,
                          const BootstrapOptions& options = {});

}  // namespace ume
