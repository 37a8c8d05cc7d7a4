#pragma once

#include <string>

#include "eval/report/eval_summary.h"

namespace ume {

// A made-up evaluation: `num_queries` queries in clusters of two, of which the
// first `disc_hits` and the last `gen_hits` succeed.
inline EvalSummary sample_summary(const std::string& stage,
                                  int64_t disc_hits,
                                  int64_t gen_hits,
                                  int64_t num_queries = 20) {
  TaskSummary task;
  task.name = "two_hop";
  task.title = "Two hops: flag → fact";
  task.worked_out = true;
  task.num_candidates = 50;
  task.chance = 0.02;
  task.num_samples = 8;
  task.disc_metrics = {{"hit@1", 0.5}, {"ndcg_linear@5", 0.625}};
  task.gen_metrics = {{"hit@1", 0.25}};
  for (int64_t i = 0; i < num_queries; ++i) {
    QueryOutcome query;
    query.id = "q" + std::to_string(100 + i);
    query.cluster = "c" + std::to_string(i / 2);
    query.disc = i < disc_hits ? 1.0 : 0.0;
    query.gen = i >= num_queries - gen_hits ? 1.0 : 0.0;
    query.successes = query.gen > 0.0 ? 6 : 1;
    query.careful = query.gen > 0.0;
    query.well_formed = i != 0;
    task.queries.push_back(query);
  }
  EvalSummary summary;
  summary.stage = stage;
  summary.model = "runs/demo/" + stage;
  summary.split = "test";
  summary.seed = 1;
  summary.seconds = 12.5;
  summary.generated_tokens = 34567;
  summary.tasks = {task};
  return summary;
}

}  // namespace ume
