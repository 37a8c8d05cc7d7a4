#include "eval/report/compare_runs.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "common/error/error.h"
#include "eval/report/html_report.h"
#include "tests/eval/report/report_samples.h"

using namespace ume;
using Catch::Matchers::Contains;

namespace {

ComparedRun sample_run(const std::string& label,
                       int64_t hits_before,
                       int64_t hits_after) {
  return {"runs/" + label, label, sample_summary("sft", 5, hits_before),
          sample_summary("grpo", 4, hits_after)};
}

RunComparison sample_comparison() {
  RunComparison c;
  c.run = sample_run("seed 1", 8, 14);
  c.seeds = {sample_run("seed 2", 10, 15), sample_run("seed 3", 9, 16)};
  c.control = sample_run("control", 8, 6);
  c.clean = ReferenceRun{"runs/clean", sample_summary("sft", 5, 18)};
  return c;
}

ReportInput compared(const RunComparison& comparison) {
  ReportInput report;
  report.stages = {comparison.run.before, comparison.run.after};
  add_comparison(comparison, {}, report);
  return report;
}

}  // namespace

TEST_CASE("seeds, their mean, control and reference are paired by question") {
  const ReportInput report = compared(sample_comparison());
  REQUIRE(report.seeds.size() == 3);
  CHECK(report.seeds[0].label == "seed 1");
  // By hand, of 20 questions: 8 -> 14, 10 -> 15, 9 -> 16.
  CHECK(report.seeds[1].before.mean == Approx(0.50));
  CHECK(report.seeds[1].change.mean == Approx(0.25));
  CHECK(report.seeds[2].after.mean == Approx(0.80));
  CHECK(report.seed_mean->label == "mean of 3");
  CHECK(report.seed_mean->before.mean == Approx(0.45));
  CHECK(report.seed_mean->after.mean == Approx(0.75));
  CHECK(report.seed_mean->change.mean == Approx(0.30));
  CHECK(report.seed_mean->change.low <= 0.30);
  CHECK(report.seed_mean->disc->mean == Approx(0.20));
  CHECK_FALSE(report.seed_mean->careful_after);
  CHECK(report.control->change.mean == Approx(-0.10));
  CHECK(report.control_gap->mean == Approx(-0.40));
  CHECK(report.clean->mean == Approx(0.90));
  CHECK(report.clean_gap->mean == Approx(0.20));
}

TEST_CASE("what is not compared stays as it was") {
  ReportInput report = compared(sample_comparison());
  RunComparison control_only;
  control_only.run = sample_run("seed 1", 8, 14);
  control_only.control = sample_run("control", 8, 7);
  add_comparison(control_only, {}, report);
  CHECK(report.seeds.size() == 3);
  CHECK(report.clean->mean == Approx(0.90));
  CHECK(report.control->change.mean == Approx(-0.05));
}

TEST_CASE("the spread of the seeds: mean, deviation with n - 1, extremes") {
  const ReportInput report = compared(sample_comparison());
  const SeedSpread change = seed_spread(report.seeds, &GrpoEffect::change);
  // By hand: 0.30, 0.25, 0.35.
  CHECK(change.mean == Approx(0.30));
  CHECK(change.deviation == Approx(0.05));
  CHECK(change.spread() == Approx(0.10));
  CHECK(seed_spread({report.seeds[0]}, &GrpoEffect::after).deviation == 0.0);
  CHECK(seed_spread({}, &GrpoEffect::after).spread() == 0.0);
}

TEST_CASE("runs that cannot be compared are refused by name") {
  RunComparison c = sample_comparison();
  c.seeds[1].after.split = "dev";
  CHECK_THROWS_WITH(compared(c), Contains("runs/seed 3") && Contains("'dev'") &&
                                     Contains("'test'"));
  c = sample_comparison();
  c.seeds[0].before.tasks[0].num_candidates = 51;
  CHECK_THROWS_WITH(compared(c), Contains("runs/seed 2") &&
                                     Contains("51 candidates, expected 50"));
  c = sample_comparison();
  c.control->after.tasks[0].queries.pop_back();
  CHECK_THROWS_WITH(compared(c), Contains("runs/control") &&
                                     Contains("19 questions, expected 20"));
  c = sample_comparison();
  c.control->after.tasks[0].queries[3].cluster = "elsewhere";
  CHECK_THROWS_WITH(compared(c),
                    Contains("runs/control") && Contains("other questions"));
  c = sample_comparison();
  c.run.after.tasks[0].digest = "aa";
  c.clean->summary.tasks[0].digest = "bb";
  CHECK_THROWS_WITH(compared(c), Contains("runs/clean") &&
                                     Contains("other questions or candidates"));
  c = sample_comparison();
  c.clean->summary.tasks[0].name = "another";
  CHECK_THROWS_WITH(compared(c),
                    Contains("runs/clean") && Contains("no task 'two_hop'"));
}

TEST_CASE("the comparison's table and page show every run and the verdict") {
  ReportInput report = compared(sample_comparison());
  const std::string table = comparison_table(report);
  for (const char* part :
       {"seed 1 ", "seed 3 ", "mean of 3 ", "control ", "careful traces",
        "0.900 [", "spread (max - min)", "+0.250, is larger than"}) {
    INFO(part);
    CHECK_THAT(table, Contains(part));
  }
  for (size_t at = 0; at < table.size();) {
    const size_t end = table.find('\n', at);
    CHECK(end - at <= 100);
    at = end + 1;
  }
  const std::string page = html_report(report, {});
  CHECK_THAT(page, Contains("the smallest change is larger than that"));
  // Two of twenty questions: the interval reaches 0.
  CHECK_THAT(page, Contains("stays where it was (−10.0)"));
  report.control->change.high = -0.01;
  CHECK_THAT(html_report(report, {}), Contains("loses (−10.0)"));
  report.seeds[0].change.mean = 0.01;
  CHECK_THAT(comparison_table(report), Contains("not larger"));
  CHECK_THAT(html_report(report, {}), Contains("<strong>not</strong> larger"));
  CHECK(comparison_table({}).empty());
}
