#include "eval/tasks/score_tasks.h"

#include <catch2/catch.hpp>
#include <cmath>

namespace ume {
namespace {

// The query (prompt 0) is closest to a, then to b, then to c; b is right.
EvaluationSet one_query() {
  EvaluationSet set;
  set.prompts.resize(4);
  set.is_query = {1, 0, 0, 0};
  EvalTask task;
  task.name = "t";
  task.candidates = {1, 2, 3};
  task.candidate_names = {"a", "b", "c"};
  EvalQuery query;
  query.id = "q";
  query.labels = {1};
  task.queries = {query};
  set.tasks = {task};
  return set;
}

std::vector<EncodedPrompt> encoded() {
  std::vector<EncodedPrompt> prompts(4);
  prompts[0].disc = {1.0f, 0.0f};
  prompts[1].disc = {1.0f, 0.0f};
  prompts[2].disc = {0.8f, 0.6f};
  prompts[3].disc = {0.0f, 1.0f};
  for (EncodedPrompt& prompt : prompts) prompt.gen = prompt.disc;
  prompts[0].samples = {prompts[0].gen};
  return prompts;
}

TaskSummary score(const EvaluationSet& set) {
  return score_tasks(set, encoded()).tasks.at(0);
}

TEST_CASE("a query ranks all candidates of its task unless it has its own") {
  EvaluationSet set = one_query();
  EvalQuery& query = set.tasks[0].queries[0];
  const TaskSummary global = score(set);
  CHECK(global.queries[0].disc == 0.0);
  CHECK(global.gen_metrics.at("mrr@5") == Approx(0.5));
  CHECK(top_candidate(set.tasks[0], query, encoded()) == "a");
  query.local = {2, 1};
  const TaskSummary local = score(set);
  CHECK(local.queries[0].disc == 1.0);
  CHECK(local.queries[0].gen == 1.0);
  CHECK(local.queries[0].successes == 1);
  CHECK(local.disc_metrics.at("mrr@5") == 1.0);
  CHECK(top_candidate(set.tasks[0], query, encoded()) == "b");
}

TEST_CASE("nDCG counts the grades of the labels") {
  EvaluationSet set = one_query();
  EvalQuery& query = set.tasks[0].queries[0];
  query.labels = {1, 2};
  // By hand: b and c stand at ranks 2 and 3.
  const double second = 1.0 / std::log2(3.0);
  CHECK(score(set).disc_metrics.at("ndcg_linear@5") ==
        Approx((second + 0.5) / (1.0 + second)));
  query.grades = {3.0, 1.0};
  const TaskSummary graded = score(set);
  CHECK(graded.disc_metrics.at("ndcg_linear@5") ==
        Approx((3.0 * second + 0.5) / (3.0 + second)));
  CHECK(graded.gen_metrics.at("ndcg_exponential@5") ==
        Approx((7.0 * second + 0.5) / (7.0 + second)));
}

TEST_CASE("a task's digest tells rankings and grades apart") {
  EvaluationSet set = one_query();
  EvalQuery& query = set.tasks[0].queries[0];
  const std::string plain = score(set).digest;
  query.grades = {2.0};
  const std::string graded = score(set).digest;
  query.grades.clear();
  query.local = {1, 2};
  const std::string local = score(set).digest;
  query.local = {1, 0};
  CHECK(plain != graded);
  CHECK(plain != local);
  CHECK(graded != local);
  CHECK(local != score(set).digest);
  query.local.clear();
  CHECK(plain == score(set).digest);
}

}  // namespace
}  // namespace ume
