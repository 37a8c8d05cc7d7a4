#include "eval/report/eval_summary.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "common/error/error.h"
#include "eval/report/statistics.h"
#include "eval/report/text_table.h"
#include "tests/eval/report/report_samples.h"

using namespace ume;
using Catch::Matchers::Contains;

TEST_CASE("a summary survives its JSON and gives the same bytes again") {
  EvalSummary summary = sample_summary("sft", 5, 9);
  summary.tasks[0].queries[3].careful.reset();
  summary.tasks[0].queries[4].id = "quote \" \\ \n é";
  const std::string text = to_json(summary);
  CHECK(parse_eval_summary(text, "sft.json") == summary);
  CHECK(to_json(parse_eval_summary(text, "sft.json")) == text);
  EvalSummary empty;
  CHECK(parse_eval_summary(to_json(empty), "x") == empty);
}

TEST_CASE("a malformed summary is refused with the file's name") {
  const auto refused = [](const std::string& text, const char* part) {
    CHECK_THROWS_WITH(parse_eval_summary(text, "eval/sft.json"),
                      Contains("sft.json") && Contains(part));
  };
  refused("{", "not an evaluation summary");
  refused("[]", "not an evaluation summary");
  refused("{\"format\": 2}", "format 2, expected 1");
  refused("{\"format\": 1}", "stage");
}

TEST_CASE("impossible outcomes are refused with task and query") {
  EvalSummary summary = sample_summary("sft", 5, 9);
  summary.tasks[0].queries[2].successes = 9;
  CHECK_THROWS_WITH(check_summary(summary),
                    Contains("'two_hop', query 'q102'") &&
                        Contains("found 9, expected 0 to 8"));
  summary = sample_summary("sft", 5, 9);
  summary.tasks[0].queries[2].gen = std::nan("");
  CHECK_THROWS_AS(check_summary(summary), InvalidInput);
  summary = sample_summary("sft", 5, 9);
  summary.tasks[0].queries[2].id = "q103";
  CHECK_THROWS_WITH(check_summary(summary), Contains("occurs twice"));
  summary = sample_summary("sft", 5, 9);
  summary.tasks.push_back(summary.tasks[0]);
  CHECK_THROWS_WITH(check_summary(summary), Contains("occurs twice"));
}

TEST_CASE("statistics follow from the outcomes") {
  // 20 queries: disc hits q0..q4, gen hits q11..q19: no overlap, oracle 14.
  const TaskStatistics s =
      task_statistics(sample_summary("sft", 5, 9).tasks[0]);
  CHECK(s.disc.mean == Approx(0.25));
  CHECK(s.gen.mean == Approx(0.45));
  CHECK(s.oracle.mean == Approx(0.7));
  CHECK(s.gen_minus_disc.mean == Approx(0.2));
  CHECK(s.gen.num_clusters == 10);
  CHECK(s.careful->mean == Approx(0.45));
  CHECK(s.well_formed.mean == Approx(0.95));
  REQUIRE(s.pass.size() == 4);
  // 9 queries with 6 of 8, 11 with 1 of 8.
  CHECK(s.pass.at(1).mean == Approx((9 * 0.75 + 11 * 0.125) / 20));
  CHECK(s.pass.at(2).mean == Approx((9 * (1.0 - 1.0 / 28.0) + 11 * 0.25) / 20));
  CHECK(s.pass.at(8).mean == 1.0);
}

TEST_CASE("differences between stages are paired by query") {
  TaskSummary before = sample_summary("sft", 5, 9).tasks[0];
  TaskSummary after = sample_summary("grpo", 5, 15).tasks[0];
  std::reverse(after.queries.begin(), after.queries.end());
  const Estimate e = stage_difference(before, after, QueryScore::kGen);
  CHECK(e.mean == Approx(0.3));
  CHECK(e.low > 0.0);
  CHECK(e.num_clusters == 10);
  after.queries[0].id = "other";
  CHECK_THROWS_AS(stage_difference(before, after, QueryScore::kGen),
                  InvalidInput);
  after.queries.pop_back();
  CHECK_THROWS_AS(stage_difference(before, after, QueryScore::kGen),
                  InvalidInput);
}

TEST_CASE("pooling keeps clusters together and tasks apart") {
  EvalSummary summary = sample_summary("sft", 5, 9);
  summary.tasks.push_back(summary.tasks[0]);
  summary.tasks[1].name = "names";
  summary.tasks[1].num_candidates = 90;
  summary.tasks.push_back(summary.tasks[0]);
  summary.tasks[2].name = "easy";
  summary.tasks[2].worked_out = false;
  const auto pool = pool_tasks(summary, true);
  REQUIRE(pool);
  CHECK(pool->queries.size() == 40);
  CHECK(pool->num_candidates == 90);
  CHECK(pool->chance == Approx(0.02));
  const TaskStatistics s = task_statistics(*pool);
  CHECK(s.gen.num_clusters == 10);
  CHECK(pool_tasks(summary, false)->queries.size() == 60);
  summary.tasks[1].num_samples = 16;
  CHECK(task_statistics(*pool_tasks(summary, true)).pass.empty());
  summary.tasks = {summary.tasks[2]};
  CHECK_FALSE(pool_tasks(summary, true));
}

TEST_CASE("the text table has a row per stage and the paired differences") {
  const std::string table =
      text_table({sample_summary("base", 1, 0), sample_summary("sft", 5, 9),
                  sample_summary("grpo", 5, 15)},
                 {});
  CHECK_THAT(table, Contains("Two hops: flag → fact  (20 queries, 50 "
                             "candidates, chance 0.0200)"));
  CHECK_THAT(table, Contains("  GRPO   0.250 ["));
  CHECK_THAT(table, Contains("gen, GRPO - SFT                   +0.300 [+"));
  CHECK_THAT(table, Contains("gen - disc, GRPO                  +0.500 [+"));
  CHECK_THAT(table, Contains("p@8"));
  std::string line;
  for (const char c : table) {
    line += c;
    if (c != '\n') continue;
    CHECK(line.size() <= 101 + 2);
    line.clear();
  }
  CHECK(text_table({}, {}) == text_table({EvalSummary()}, {}));
}
