#include "reward/plugin/plugin_term.h"

#include <signal.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "common/error/error.h"
#include "reward/reward_pipeline.h"
#include "tests/reward/extension_fixtures.h"

using namespace ume;
using Catch::Matchers::Contains;

namespace {

RewardTermConfig misbehaving(const std::string& mode,
                             const std::string& isolation = "process") {
  RewardTermConfig term;
  term.name = "plugin";
  term.label = "mine";
  term.extension.path = test_programs() + "/../plugins/misbehaving.so";
  term.extension.isolation = isolation;
  term.extension.params = {{"mode", mode}};
  term.extension.timeout_ms = 5000;
  term.extension.memory_mb = 256;
  term.extension.breaker_seconds = 0.2;
  return term;
}

RewardTermConfig brevity() {
  RewardTermConfig term = misbehaving("");
  term.extension.path = test_programs() + "/../plugins/brevity.so";
  term.extension.params = {{"free", "4"}, {"scale", "2"}};
  return term;
}

}  // namespace

TEST_CASE("plug-in: the example scores in a process and in ours alike") {
  const Cohort cohort = plain_cohort();
  RewardTermConfig term = brevity();
  const RewardTable apart = score_one(term, cohort);
  term.extension.isolation = "none";
  const RewardTable here = score_one(term, cohort);
  CHECK(apart.total == here.total);
  CHECK(apart.components[0].name == "mine");
  // "four" is 4 characters; "sixsix" is 2 over: 1 / (1 + 2 / 2).
  CHECK(apart.total.query[0].value == 1.0);
  CHECK(apart.total.query[1].value == 0.5);
  CHECK(apart.total.target[3].state == CellState::kInvalid);
  CHECK(apart.total.target[3].reason == "no embedding");
  CHECK(apart.policy_hash != here.policy_hash);
}

TEST_CASE("plug-in: whatever it does wrong fails the call, not the service") {
  const Cohort cohort = plain_cohort();
  const std::pair<const char*, const char*> modes[] = {
      {"crash", "killed by signal 11"},
      {"leak", "signal 6"},
      {"exit", "exit code 0"},
      {"overrun", "killed by signal 11"},
      {"garbage", "at most"},
      {"error", "returned 7: no luck today"},
      {"nan", "not finite"},
      {"half", "not finite"},
      {"state", "unknown cell state 99"},
  };
  for (const auto& [mode, reason] : modes) {
    INFO(mode);
    const RewardPipeline pipeline = pipeline_of(misbehaving(mode));
    for (int attempt = 0; attempt < 2; ++attempt) {
      const RewardTable table = pipeline.score(cohort);
      for (const RewardCell& cell : table.total.query) {
        CHECK(cell.state == CellState::kFailed);
        CHECK_THAT(cell.reason, Contains(reason));
      }
    }
  }
}

TEST_CASE("plug-in: a hang ends with the call's deadline") {
  RewardTermConfig term = misbehaving("hang");
  term.extension.timeout_ms = 200;
  const RewardTable table = score_one(term, plain_cohort());
  CHECK(table.total.query[0].state == CellState::kFailed);
  CHECK_THAT(table.total.query[0].reason, Contains("the answer of plug-in"));
}

TEST_CASE("plug-in: one that died is started again and goes on") {
  const RewardPipeline pipeline = pipeline_of(misbehaving("crash_second"));
  const Cohort cohort = plain_cohort();
  CHECK(pipeline.score(cohort).total.query[2].value == 2.0);
  CHECK(pipeline.score(cohort).total.query[2].state == CellState::kFailed);
  CHECK(pipeline.score(cohort).total.query[2].value == 2.0);
  const auto metrics = pipeline.metrics();
  CHECK(metrics.at("mine/calls") == 3);
  CHECK(metrics.at("mine/failures") == 1);
  CHECK(metrics.at("mine/starts") == 2);
}

TEST_CASE("plug-in: pauses between starts grow, and are told") {
  RewardTermConfig term = misbehaving("crash");
  term.extension.breaker_seconds = 60.0;
  term.extension.timeout_ms = 900;
  const RewardPipeline pipeline = pipeline_of(term);
  std::string last;
  for (int i = 0; i < 6; ++i) {
    last = pipeline.score(plain_cohort()).total.query[0].reason;
  }
  CHECK_THAT(last, Contains("not started again for"));
}

TEST_CASE("plug-in: texts that are no text reach it and come back clean") {
  Cohort cohort = plain_cohort();
  cohort.query.completions[0] = std::string("\xff\x00<think>", 9);
  cohort.query.gen_embeddings[0] = std::nanf("");
  const RewardTable table = score_one(misbehaving("reason"), cohort);
  CHECK(table.total.query[0].state == CellState::kInvalid);
  CHECK_THAT(table.total.query[0].reason, Contains("\xEF\xBF\xBD"));
}

TEST_CASE(
    "plug-in: one that cannot be loaded is refused by name at the start") {
  const auto refused = [](const RewardTermConfig& term, const char* part) {
    INFO(part);
    CHECK_THROWS_AS(pipeline_of(term), ConfigError);
    CHECK_THROWS_WITH(pipeline_of(term),
                      Contains("reward.terms.mine") && Contains(part));
  };
  for (const char* isolation : {"process", "none"}) {
    RewardTermConfig term = misbehaving("nan", isolation);
    term.extension.symbol = "future_version";
    refused(term, "made for version 99");
    term.extension.symbol = "too_short";
    refused(term, "its description is");
    term.extension.symbol = "without_score";
    refused(term, "lacks name, version or score");
    term.extension.symbol = "nothing";
    refused(term, "describes no plug-in");
    term.extension.symbol = "absent";
    refused(term, "has no function absent");
    refused(misbehaving("refuse", isolation), "xxxx");
    term = misbehaving("nan", isolation);
    term.extension.path = "tests/reward/plugin_term_test.cpp";
    refused(term, "cannot load");
    term.extension.path = "/absent.so";
    refused(term, "/absent.so");
  }
  refused(misbehaving("crash_at_start"), "killed by signal 6");
  RewardTermConfig term = brevity();
  term.extension.params["sclae"] = "1";
  refused(term, "unknown parameter 'sclae'");
}

TEST_CASE("plug-in: its content is part of the policy hash") {
  namespace fs = std::filesystem;
  const fs::path copy = fs::temp_directory_path() /
                        ("ume-plugin-" + std::to_string(getpid()) + ".so");
  RewardTermConfig term = brevity();
  fs::copy_file(term.extension.path, copy);
  term.extension.path = copy.string();
  const std::string before = pipeline_of(term).policy_hash();
  CHECK(pipeline_of(term).policy_hash() == before);
  fs::remove(copy);
  fs::copy_file(misbehaving("").extension.path, copy);
  term.extension.params = {{"mode", "nan"}};
  const std::string params = pipeline_of(term).policy_hash();
  CHECK(params != before);
  fs::remove(copy);
}

TEST_CASE(
    "plug-in: a file that has changed is not started again under the old "
    "policy") {
  namespace fs = std::filesystem;
  const fs::path copy = fs::temp_directory_path() /
                        ("ume-plugin-" + std::to_string(getpid()) + ".so");
  RewardTermConfig term = misbehaving("crash_second");
  fs::copy_file(term.extension.path, copy);
  term.extension.path = copy.string();
  const RewardPipeline pipeline = pipeline_of(term);
  const Cohort cohort = plain_cohort();
  CHECK(pipeline.score(cohort).total.query[2].value == 2.0);
  fs::remove(copy);
  fs::copy_file(misbehaving("").extension.path, copy);
  std::ofstream(copy, std::ios::app) << "another build";
  CHECK(pipeline.score(cohort).total.query[2].state == CellState::kFailed);
  const RewardTable table = pipeline.score(cohort);
  CHECK_THAT(table.total.query[2].reason, Contains("has changed since"));
  fs::remove(copy);
  fs::copy_file(misbehaving("").extension.path, copy);
  CHECK(pipeline.score(cohort).total.query[2].value == 2.0);
  fs::remove(copy);
}

TEST_CASE(
    "plug-in: without isolation a path that was loaded before gives the code "
    "that it holds now") {
  namespace fs = std::filesystem;
  const fs::path copy = fs::temp_directory_path() /
                        ("ume-plugin-" + std::to_string(getpid()) + ".so");
  RewardTermConfig term = misbehaving("half", "none");
  fs::copy_file(term.extension.path, copy);
  term.extension.path = copy.string();
  const RewardPipeline first = pipeline_of(term);  // stays loaded
  CHECK(first.score(plain_cohort()).total.query[0].state == CellState::kFailed);
  fs::remove(copy);
  fs::copy_file(brevity().extension.path, copy);
  term.extension.params = brevity().extension.params;
  const RewardPipeline second = pipeline_of(term);
  CHECK(second.score(plain_cohort()).total.query[1].value == 0.5);
  CHECK(first.policy_hash() != second.policy_hash());
  fs::remove(copy);
}

TEST_CASE("extension terms: keys of one are refused with another") {
  const auto refused = [](const RewardTermConfig& term, const char* part) {
    CHECK_THROWS_WITH(term.extension.validate(term.name, "reward.terms[0]"),
                      Contains(part));
  };
  RewardTermConfig term;
  term.name = "format";
  term.extension.path = "x.so";
  refused(term,
          "reward.terms[0].path: expected with plugin only, found with format");
  term.name = "judge";
  refused(term, "path: expected with plugin only, found with judge");
  term.name = "plugin";
  CHECK_NOTHROW(term.extension.validate(term.name, "reward.terms[0]"));
  term.extension.isolation = "thread";
  refused(term, "expected process or none");
  term.extension.isolation = "none";
  term.extension.timeout_ms = 0;
  refused(term, "timeout_ms: expected 1 to");
  term.extension.timeout_ms = 10;
  term.extension.retries = 3;
  refused(term,
          "retries: expected with external or judge only, found with plugin");
  term = {};
  term.name = "external";
  term.extension.endpoint = "tcp://127.0.0.1:1";
  CHECK_NOTHROW(term.extension.validate(term.name, "reward.terms[0]"));
  term.extension.memory_mb = 512;
  refused(term, "memory_mb: expected with plugin only, found with external");
  term.extension.memory_mb = ExtensionConfig().memory_mb;
  term.extension.score_max = 10.0;
  refused(term, "score_max: expected with judge only, found with external");
}
