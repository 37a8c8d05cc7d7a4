#include "actors/start_checks.h"

#include <catch2/catch.hpp>
#include <filesystem>

#include "actors/coordinator_process.h"
#include "actors/run/config_difference.h"
#include "actors/run/run_ledger.h"
#include "common/config/config.h"
#include "common/error/error.h"
#include "common/http/http_server.h"
#include "coordinator/plan/stored_plan.h"
#include "tests/support/scratch_folder.h"

namespace ume {
namespace {

using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;
namespace fs = std::filesystem;

const char* const kPair =
    R"({"qry_text":"a","pos_text":"b","solution":"<embedding>"})";
const char* const kSide =
    R"({"conversations":[{"from":"human","value":"a"},{"from":"gpt",)"
    R"("value":"b"}]})";

// A model folder by its looks, and data for two phases.
struct StartFiles {
  ScratchFolder scratch;
  RunConfig config;

  StartFiles() {
    scratch.write("model/config.json",
                  R"({"hidden_size": 64, "vocab_size": 2000})");
    scratch.write("model/tokenizer.json", "{}");
    scratch.write("model/model.safetensors", "x");
    std::string pairs;
    for (int i = 0; i < 4; ++i) pairs += std::string(kPair) + "\n";
    scratch.write("rl.jsonl", pairs);
    scratch.write("sft.jsonl", std::string(R"({"qry":)") + kSide +
                                   R"(,"pos":)" + kSide + "}\n");
    config.run.directory = scratch / "run";
    config.model.path = scratch / "model";
    config.phases = {"sft", "grpo"};
    config.sft.data = scratch / "sft.jsonl";
    config.grpo.data = scratch / "rl.jsonl";
    config.grpo.pairs_per_cohort = 4;
    config.grpo.group_size = 2;
  }
};

ExitCode code_of(const RunConfig& config) {
  try {
    check_start(config);
  } catch (const Error& error) {
    return error.code();
  }
  return ExitCode::kDone;
}

// A run of such files that was begun, and may have got somewhere.
struct BegunRun : StartFiles {
  RunDirectory directory = new_run_directory(config.run.directory);

  BegunRun() {
    begin_run(directory, {"begun", dump_config(config)});
    const auto ledger = open_run_ledger(directory);
    const RunPlan plan = make_run_plan(config, directory, 64, 2000);
    keep_plan(plan, load_phase_data(config, plan.phases), *ledger);
    ledger->commit();
  }
};

}  // namespace

TEST_CASE("start checks: what is there passes, and nothing is made") {
  const StartFiles files;
  CHECK_NOTHROW(check_start(files.config));
  CHECK_FALSE(fs::exists(files.config.run.directory));
}

TEST_CASE("start checks: what is missing is named by its key") {
  StartFiles files;
  RunConfig& config = files.config;
  SECTION("model folder") {
    config.model.path = "/nope";
    CHECK(code_of(config) == ExitCode::kIo);
    CHECK_THROWS_WITH(check_start(config), StartsWith("model.path: /nope"));
  }
  SECTION("files of the model folder") {
    for (const char* name : {"model.safetensors", "tokenizer.json"}) {
      fs::remove(files.scratch / "model/" + name);
      CHECK(code_of(config) == ExitCode::kIo);
      CHECK_THROWS_WITH(check_start(config),
                        StartsWith("model.path: ") && Contains(name));
    }
  }
  SECTION("a width that no model has") {
    files.scratch.write(
        "model/config.json",
        R"({"hidden_size": 4611686018427387904, "vocab_size": 2000})");
    CHECK(code_of(config) == ExitCode::kBadData);
    CHECK_THROWS_WITH(check_start(config),
                      StartsWith("model.path: ") && Contains("hidden_size"));
  }
  SECTION("annotated pairs") {
    config.sft.data = "/nope.jsonl";
    CHECK(code_of(config) == ExitCode::kBadData);
    CHECK_THROWS_WITH(check_start(config), StartsWith("sft.data: /nope.jsonl"));
    config.sft.data = files.scratch.write("empty.jsonl", "");
    CHECK_THROWS_WITH(check_start(config), StartsWith("sft.data: "));
    config.phases = {"grpo"};
    CHECK_NOTHROW(check_start(config));
  }
  SECTION("pairs") {
    config.grpo.data = "/nope.jsonl";
    CHECK(code_of(config) == ExitCode::kBadData);
    CHECK_THROWS_WITH(check_start(config),
                      StartsWith("grpo.data: /nope.jsonl"));
    config.phases = {"sft"};
    CHECK_NOTHROW(check_start(config));
  }
  SECTION("more pairs than there are") {
    config.grpo.pairs_per_cohort = 8;
    CHECK(code_of(config) == ExitCode::kConfig);
  }
  SECTION("port") {
    const HttpServer taken(0, {});
    config.coordinator.http_port = taken.port();
    CHECK(code_of(config) == ExitCode::kUnavailable);
    CHECK_THROWS_WITH(check_start(config),
                      StartsWith("coordinator.http_port: ") &&
                          Contains(std::to_string(taken.port())));
  }
}

TEST_CASE("start checks: a run goes on while its files are there") {
  BegunRun run;
  CHECK_NOTHROW(check_continues(run.config, run.directory));
  run.config.sft.data = "/nope.jsonl";
  CHECK_THROWS_WITH(check_continues(run.config, run.directory),
                    StartsWith("sft.data: "));
  {  // not read any more
    const auto ledger = open_run_ledger(run.directory);
    CheckpointRow end;
    end.step = static_cast<uint64_t>(run.config.sft.steps);
    end.end_of_phase = true;
    put_row(*ledger, end);
    ledger->commit();
  }
  CHECK_NOTHROW(check_continues(run.config, run.directory));
}

TEST_CASE("start checks: a run without its ledger, or with less, is refused") {
  BegunRun run;
  run.config.phases = {"eval"};
  CHECK_THROWS_AS(check_continues(run.config, run.directory), ConfigError);
  run.config.phases = {"sft", "grpo"};
  run.scratch.write("run/metrics.jsonl", "{}\n");
  CHECK_NOTHROW(check_continues(run.config, run.directory));
  fs::remove(run.directory.ledger());
  CHECK_THROWS_AS(check_continues(run.config, run.directory), IoError);
  CHECK_FALSE(fs::exists(run.directory.ledger()));
}

TEST_CASE("configuration difference: the first key, by its full name") {
  RunConfig a;
  RunConfig b;
  CHECK_FALSE(first_difference(a, b));
  b.eval.samples = 3;
  CHECK(first_difference(a, b)->found == "eval.samples: 8");
  b.reward.terms[1].schedule.begin = 4;
  CHECK(first_difference(a, b)->expected == "reward.terms.schedule.begin: 4");
  b.reward.terms[0].name = "judge";
  CHECK(first_difference(a, b)->expected == "reward.terms.name: judge");
  a.model.path = "/here";
  CHECK(first_difference(a, b)->found == "model.path: /here");
  CHECK(first_difference(a, b)->expected == R"(model.path: "")");
}

}  // namespace ume
