#include "eval/report/eval_summary.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "common/error/error.h"

namespace ume {
namespace {

[[noreturn]] void fail(const std::string& where, const std::string& what) {
  throw InvalidInput("evaluation summary, " + where + ": " + what);
}

bool is_share(double value) {
  return value >= 0.0 && value <= 1.0;
}

void check_task(const TaskSummary& task) {
  const std::string where = "task '" + task.name + "'";
  if (task.num_candidates < 0 || task.num_samples < 0 ||
      !is_share(task.chance)) {
    fail(where, "num_candidates, num_samples and chance: out of range");
  }
  std::set<std::string> ids;
  for (const QueryOutcome& query : task.queries) {
    const std::string which = where + ", query '" + query.id + "'";
    if (!ids.insert(query.id).second) fail(which, "occurs twice");
    if (!is_share(query.disc) || !is_share(query.gen)) {
      fail(which, "disc and gen: expected numbers from 0 to 1");
    }
    if (query.successes < 0 || query.successes > task.num_samples) {
      fail(which, "successes: found " + std::to_string(query.successes) +
                      ", expected 0 to " + std::to_string(task.num_samples));
    }
  }
}

void add_weighted(std::map<std::string, double>& sums,
                  const std::map<std::string, double>& means,
                  double weight) {
  for (const auto& [name, value] : means) sums[name] += weight * value;
}

void scale(std::map<std::string, double>& sums, double factor) {
  for (auto& [name, value] : sums) value *= factor;
}

// Adds a shard's queries; means become sums until finish_task.
void add_part(TaskSummary& task, const TaskSummary& part) {
  if (part.num_candidates != task.num_candidates ||
      part.num_samples != task.num_samples ||
      part.main_metric != task.main_metric) {
    fail("task '" + task.name + "'",
         "the parts differ in candidates, samples or main metric");
  }
  if (part.digest != task.digest) task.digest.clear();
  const auto count = static_cast<double>(part.queries.size());
  add_weighted(task.disc_metrics, part.disc_metrics, count);
  add_weighted(task.gen_metrics, part.gen_metrics, count);
  task.chance += part.chance * count;
  task.queries.insert(task.queries.end(), part.queries.begin(),
                      part.queries.end());
}

void finish_task(TaskSummary& task) {
  const double factor =
      1.0 / std::max<double>(1.0, static_cast<double>(task.queries.size()));
  scale(task.disc_metrics, factor);
  scale(task.gen_metrics, factor);
  task.chance = std::min(1.0, task.chance * factor);
  std::sort(
      task.queries.begin(), task.queries.end(),
      [](const QueryOutcome& a, const QueryOutcome& b) { return a.id < b.id; });
}

// The part's head, with nothing summed yet.
TaskSummary empty_like(const TaskSummary& part) {
  TaskSummary task = part;
  task.chance = 0.0;
  task.disc_metrics.clear();
  task.gen_metrics.clear();
  task.queries.clear();
  return task;
}

}  // namespace

void check_summary(const EvalSummary& summary) {
  std::set<std::string> names;
  for (const TaskSummary& task : summary.tasks) {
    if (!names.insert(task.name).second) {
      fail("task '" + task.name + "'", "occurs twice");
    }
    check_task(task);
  }
}

EvalSummary merge_summaries(const std::vector<EvalSummary>& parts) {
  if (parts.empty()) fail("merging", "no parts");
  EvalSummary all = parts.front();
  all.tasks.clear();
  all.seconds = 0.0;
  all.generated_tokens = 0;
  for (const EvalSummary& part : parts) {
    if (part.stage != all.stage || part.model != all.model ||
        part.split != all.split) {
      fail("merging", "parts of different stages, models or splits");
    }
    // Shards run side by side: the longest one's time is what passed.
    all.seconds = std::max(all.seconds, part.seconds);
    all.generated_tokens += part.generated_tokens;
    for (const TaskSummary& task : part.tasks) {
      auto at = std::find_if(
          all.tasks.begin(), all.tasks.end(),
          [&](const TaskSummary& known) { return known.name == task.name; });
      if (at == all.tasks.end()) {
        at = all.tasks.insert(at, empty_like(task));
      }
      add_part(*at, task);
    }
  }
  for (TaskSummary& task : all.tasks) finish_task(task);
  check_summary(all);
  return all;
}

}  // namespace ume
