#include "eval/report/compare_runs.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "common/error/error.h"
#include "eval/report/statistics.h"

namespace ume {
namespace {

TaskSummary worked_out(const EvalSummary& summary) {
  auto pool = pool_tasks(summary, true);
  if (!pool) {
    throw InvalidInput(
        "report: an evaluation without tasks that must be worked out");
  }
  return std::move(*pool);
}

GrpoEffect effect_of(const std::string& label,
                     const TaskSummary& before,
                     const TaskSummary& after,
                     const BootstrapOptions& options) {
  const TaskStatistics then = task_statistics(before, options);
  const TaskStatistics now = task_statistics(after, options);
  GrpoEffect effect;
  effect.label = label;
  effect.before = then.gen;
  effect.after = now.gen;
  effect.change = stage_difference(before, after, QueryScore::kGen, options);
  effect.disc = now.disc;
  effect.careful_before = then.careful;
  effect.careful_after = now.careful;
  return effect;
}

[[noreturn]] void differ(const std::string& source, const std::string& what) {
  throw InvalidInput(source + ": cannot be compared: " + what);
}

const TaskSummary& task_named(const EvalSummary& summary,
                              const std::string& name,
                              const std::string& source) {
  for (const TaskSummary& task : summary.tasks) {
    if (task.name == name) return task;
  }
  differ(source,
         "its evaluation '" + summary.stage + "' has no task '" + name + "'");
}

std::map<std::string, std::string> clusters_by_id(const TaskSummary& task) {
  std::map<std::string, std::string> clusters;
  for (const QueryOutcome& query : task.queries) {
    clusters[query.id] = query.cluster;
  }
  return clusters;
}

void check_task(const TaskSummary& wanted,
                const TaskSummary& found,
                const std::string& source) {
  const std::string where = "task '" + wanted.name + "' ";
  const auto need_equal = [&](int64_t want, int64_t got, const char* what) {
    if (want == got) return;
    differ(source, where + "has " + std::to_string(got) + " " + what +
                       ", expected " + std::to_string(want));
  };
  need_equal(wanted.num_candidates, found.num_candidates, "candidates");
  need_equal(wanted.num_samples, found.num_samples, "samples a question");
  need_equal(static_cast<int64_t>(wanted.queries.size()),
             static_cast<int64_t>(found.queries.size()), "questions");
  const bool known = !wanted.digest.empty() && !found.digest.empty();
  if ((known && wanted.digest != found.digest) ||
      clusters_by_id(wanted) != clusters_by_id(found)) {
    differ(source, where + "has other questions or candidates");
  }
}

void check_same_questions(const EvalSummary& wanted,
                          const EvalSummary& found,
                          const std::string& source) {
  if (found.split != wanted.split) {
    differ(source, "evaluated on split '" + found.split + "', expected '" +
                       wanted.split + "'");
  }
  for (const TaskSummary& task : wanted.tasks) {
    if (!task.worked_out) continue;
    check_task(task, task_named(found, task.name, source), source);
  }
}

void check_run(const EvalSummary& wanted, const ComparedRun& run) {
  check_same_questions(wanted, run.before, run.source);
  check_same_questions(wanted, run.after, run.source);
}

// Each question's mean over several evaluations of the same questions; whether
// its reasoning was careful has no mean and is left out.
TaskSummary average(const std::vector<TaskSummary>& pools) {
  TaskSummary mean = pools.front();
  const auto count = static_cast<double>(pools.size());
  std::map<std::string, QueryOutcome*> rows;
  for (QueryOutcome& query : mean.queries) {
    query.disc = query.gen = 0.0;
    query.careful.reset();
    rows[query.id] = &query;
  }
  for (const TaskSummary& pool : pools) {
    for (const QueryOutcome& query : pool.queries) {
      QueryOutcome& row = *rows.at(query.id);
      row.disc += query.disc / count;
      row.gen += query.gen / count;
    }
  }
  return mean;
}

GrpoEffect mean_effect(const std::vector<ComparedRun>& runs,
                       const BootstrapOptions& options) {
  std::vector<TaskSummary> before;
  std::vector<TaskSummary> after;
  for (const ComparedRun& run : runs) {
    before.push_back(worked_out(run.before));
    after.push_back(worked_out(run.after));
  }
  return effect_of("mean of " + std::to_string(runs.size()), average(before),
                   average(after), options);
}

}  // namespace

SeedSpread seed_spread(const std::vector<GrpoEffect>& seeds,
                       Estimate GrpoEffect::*which) {
  SeedSpread out;
  if (seeds.empty()) return out;
  const auto count = static_cast<double>(seeds.size());
  out.low = out.high = (seeds[0].*which).mean;
  for (const GrpoEffect& seed : seeds) {
    const double value = (seed.*which).mean;
    out.mean += value / count;
    out.low = std::min(out.low, value);
    out.high = std::max(out.high, value);
  }
  if (seeds.size() < 2) return out;
  for (const GrpoEffect& seed : seeds) {
    const double off = (seed.*which).mean - out.mean;
    out.deviation += off * off / (count - 1);
  }
  out.deviation = std::sqrt(out.deviation);
  return out;
}

GrpoEffect grpo_effect(const std::string& label,
                       const EvalSummary& before,
                       const EvalSummary& after,
                       const BootstrapOptions& options) {
  return effect_of(label, worked_out(before), worked_out(after), options);
}

void add_comparison(const RunComparison& comparison,
                    const BootstrapOptions& options,
                    ReportInput& report) {
  const EvalSummary& wanted = comparison.run.after;
  const auto effect = [&](const ComparedRun& run) {
    check_run(wanted, run);
    return grpo_effect(run.label, run.before, run.after, options);
  };
  if (!comparison.seeds.empty()) {
    std::vector<ComparedRun> runs{comparison.run};
    runs.insert(runs.end(), comparison.seeds.begin(), comparison.seeds.end());
    report.seeds.clear();
    for (const ComparedRun& run : runs) report.seeds.push_back(effect(run));
    report.seed_mean = mean_effect(runs, options);
  }
  const TaskSummary pool = worked_out(wanted);
  if (comparison.control) {
    report.control = effect(*comparison.control);
    report.control_gap = stage_difference(
        pool, worked_out(comparison.control->after), QueryScore::kGen, options);
  }
  if (comparison.clean) {
    const EvalSummary& clean = comparison.clean->summary;
    check_same_questions(wanted, clean, comparison.clean->source);
    const TaskSummary clean_pool = worked_out(clean);
    report.clean = task_statistics(clean_pool, options).gen;
    report.clean_gap =
        stage_difference(pool, clean_pool, QueryScore::kGen, options);
  }
}

}  // namespace ume
