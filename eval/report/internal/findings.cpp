#include "eval/report/internal/findings.h"

#include <algorithm>

#include "common/error/error.h"
#include "eval/report/text_table.h"

namespace ume::html {
namespace {

void find_grpo_effect(Findings& out, const BootstrapOptions& options) {
  for (size_t i = 0; i < out.stages.size(); ++i) {
    if (out.stages[i].stage == "sft") out.sft = i;
    if (out.stages[i].stage == "grpo") out.grpo = i;
  }
  if (!out.sft || !out.grpo) return;
  const TaskSummary& before = out.stages[*out.sft].pool;
  const TaskSummary& after = out.stages[*out.grpo].pool;
  out.grpo_gain = stage_difference(before, after, QueryScore::kGen, options);
  out.disc_change = stage_difference(before, after, QueryScore::kDisc, options);
}

}  // namespace

Findings find(const ReportInput& input, const BootstrapOptions& options) {
  Findings out;
  out.pool_is_worked_out = std::any_of(
      input.stages.begin(), input.stages.end(),
      [](const EvalSummary& s) { return pool_tasks(s, true).has_value(); });
  for (const EvalSummary& summary : input.stages) {
    check_summary(summary);
    auto pool = pool_tasks(summary, out.pool_is_worked_out);
    if (!pool) continue;
    StageFindings stage;
    stage.stage = summary.stage;
    stage.title = stage_title(summary.stage);
    stage.pool = std::move(*pool);
    stage.pooled = task_statistics(stage.pool, options);
    for (const TaskSummary& task : summary.tasks) {
      if (task.queries.empty()) continue;
      stage.tasks.push_back(task_statistics(task, options));
    }
    out.stages.push_back(std::move(stage));
  }
  if (out.stages.empty()) {
    throw InvalidInput("report: no evaluation with at least one query");
  }
  find_grpo_effect(out, options);
  return out;
}

}  // namespace ume::html
