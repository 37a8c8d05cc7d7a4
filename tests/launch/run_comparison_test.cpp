#include "launch/results/run_comparison.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "common/config/config.h"
#include "common/error/error.h"
#include "common/files/files.h"
#include "tests/eval/report/report_samples.h"

namespace ume {
namespace {

namespace fs = std::filesystem;
using Catch::Contains;

// A folder of finished runs that is removed afterwards: `main` with seed 1.
class Runs {
 public:
  Runs()
      : root_(fs::temp_directory_path() /
              ("ume-comparison-" + std::to_string(getpid()))) {
    fs::remove_all(root_);
    base.model.path = (root_ / "base").string();
    base.sft.data = "sft.jsonl";
    base.grpo.data = "rl.yaml";
    base.eval.tasks = "tasks.json";
    base.run.seed = 1;
    add("main", base, 8, 14);
  }
  ~Runs() { fs::remove_all(root_); }

  // Writes what the comparison reads of a run; returns its folder.
  std::string add(const std::string& name,
                  const RunConfig& config,
                  int64_t hits_before,
                  int64_t hits_after) {
    const fs::path folder = root_ / name;
    fs::create_directories(folder / "eval");
    write_file_atomic((folder / "config.yaml").string(), dump_config(config));
    const auto write = [&](const std::string& stage, int64_t hits) {
      write_file_atomic((folder / "eval" / (stage + ".json")).string(),
                        to_json(sample_summary(stage, 5, hits)));
    };
    if (config.has_phase("sft")) write("sft", hits_before);
    if (config.has_phase("grpo")) write("grpo", hits_after);
    return folder.string();
  }

  RunComparison compare(const ComparedFolders& folders) const {
    const RunDirectory main{root_ / "main"};
    return read_comparison(read_config<RunConfig>(main.config().string()), main,
                           folders);
  }

  RunConfig with_seed(int64_t seed) const {
    RunConfig config = base;
    config.run.seed = seed;
    return config;
  }
  // GRPO alone, from main's SFT model.
  RunConfig grpo_only() const {
    RunConfig config = base;
    config.phases = {"grpo", "eval"};
    config.model.path =
        (root_ / "main/checkpoints/sft/step_001000/model").string();
    return config;
  }

  RunConfig base;

 private:
  fs::path root_;
};

TEST_CASE("a comparison reads seeds, control and reference of their runs") {
  Runs runs;
  RunConfig control = runs.grpo_only();
  control.reward.control = "shuffle";
  RunConfig clean = runs.base;
  clean.phases = {"sft", "eval"};
  clean.sft.data = "sft_clean.jsonl";
  const RunComparison c =
      runs.compare({{runs.add("two", runs.with_seed(2), 9, 15)},
                    runs.add("control", control, 0, 6),
                    runs.add("clean", clean, 18, 0)});
  CHECK(c.run.label == "seed 1");
  REQUIRE(c.seeds.size() == 1);
  CHECK(c.seeds[0].label == "seed 2");
  CHECK(c.seeds[0].before == sample_summary("sft", 5, 9));
  CHECK(c.control->label == "control (shuffle)");
  // It has no SFT of its own: main's.
  CHECK(c.control->before == sample_summary("sft", 5, 8));
  CHECK(c.control->after == sample_summary("grpo", 5, 6));
  CHECK(c.clean->summary == sample_summary("sft", 5, 18));
}

TEST_CASE("a seed may begin at the same SFT model; its label says so") {
  Runs runs;
  RunConfig config = runs.grpo_only();
  config.run.seed = 2;
  const RunComparison c =
      runs.compare({{runs.add("two", config, 0, 15)}, {}, {}});
  CHECK(c.seeds[0].label == "seed 2, same SFT");
  CHECK(c.seeds[0].before == c.run.before);
  config.model.path = runs.base.model.path;
  config.run.seed = 3;
  CHECK_THROWS_WITH(runs.compare({{runs.add("three", config, 0, 15)}, {}, {}}),
                    Contains("three") && Contains("expected the SFT model of"));
}

TEST_CASE("a run that differs in more than it may is refused by setting") {
  Runs runs;
  const auto seed_error = [&](const RunConfig& config,
                              const std::string& what) {
    INFO(what);
    CHECK_THROWS_WITH(
        runs.compare({{runs.add("other", config, 9, 15)}, {}, {}}),
        Contains("other: cannot be compared") && Contains(what));
  };
  seed_error(runs.base, "seed 1 is there already");
  RunConfig config = runs.with_seed(2);
  config.sft.steps = 7;
  seed_error(config, "sft differs: found 'steps: 7', expected 'steps: 1000'");
  config = runs.with_seed(2);
  config.grpo.beta = 0.5;
  seed_error(config, "grpo differs: found 'beta: 0.5'");
  config = runs.with_seed(2);
  config.rollout.sampling.temperature = 0.5;
  seed_error(config, "rollout.sampling differs");
  config = runs.with_seed(2);
  config.reward.control = "shuffle";
  seed_error(config, "reward differs");
  config = runs.with_seed(2);
  config.eval.split = "dev";
  seed_error(config, "eval differs: found 'split: dev'");
  config = runs.with_seed(2);
  config.model.path = "another/base";
  seed_error(config, "model.path is another/base");
}

TEST_CASE("a control without control and a reference with the same traces") {
  Runs runs;
  CHECK_THROWS_WITH(
      runs.compare({{}, runs.add("control", runs.grpo_only(), 0, 6), {}}),
      Contains("control") && Contains("expected a control"));
  RunConfig clean = runs.base;
  clean.phases = {"sft", "eval"};
  CHECK_THROWS_WITH(runs.compare({{}, {}, runs.add("clean", clean, 18, 0)}),
                    Contains("clean") && Contains("expected other traces"));
}

TEST_CASE("a folder that is no run, or not finished, is refused by name") {
  Runs runs;
  CHECK_THROWS_WITH(runs.compare({{"/nowhere/run7"}, {}, {}}),
                    Contains("/nowhere/run7: not a run's directory"));
  const std::string folder = runs.add("two", runs.with_seed(2), 9, 15);
  fs::remove(folder + "/eval/grpo.json");
  CHECK_THROWS_WITH(runs.compare({{folder}, {}, {}}),
                    Contains("eval/grpo.json is missing"));
  CHECK_THROWS_AS(runs.compare({{folder}, {}, {}}), InvalidInput);
}

}  // namespace
}  // namespace ume
