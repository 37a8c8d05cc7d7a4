#include "eval/report/eval_summary.h"

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

}  // namespace ume
