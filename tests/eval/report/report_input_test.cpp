#include "eval/report/report_input.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "common/error/error.h"
#include "eval/report/compare_runs.h"
#include "eval/report/html_report.h"
#include "tests/eval/report/report_samples.h"

using namespace ume;
using Catch::Matchers::Contains;
namespace fs = std::filesystem;

namespace {

// A run's folder that is removed afterwards.
class RunFolder {
 public:
  explicit RunFolder(const std::string& name)
      : path(fs::temp_directory_path() /
             ("ume_report_" + name + std::to_string(::getpid()))) {
    fs::remove_all(path);
    fs::create_directories(path / "eval");
  }
  ~RunFolder() { fs::remove_all(path); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path / name, std::ios::binary) << text;
  }
  const fs::path path;
};

}  // namespace

TEST_CASE("a report reads back what a run's folder holds") {
  const RunFolder run("full");
  ReportInput written;
  written.title = "Emoji";
  written.subtitle = "two cores";
  written.times = {{"sft", 10.5, 2000}};
  written.seeds = {grpo_effect("seed 1", sample_summary("sft", 5, 9),
                               sample_summary("grpo", 5, 15), {})};
  written.seed_mean = written.control = written.seeds[0];
  written.control_gap = written.clean_gap = written.seeds[0].change;
  written.clean = written.seeds[0].after;
  written.notes = {"a note"};
  ExampleTrajectory example;
  example.task = "flags";
  example.query = "q";
  example.expected = "Euro";
  example.before = {"x", "Yen", false, std::nullopt};
  example.after = {"y", "Euro", true, 1.25};
  run.write("eval/grpo.json", to_json(sample_summary("grpo", 5, 15)));
  run.write("eval/base.json", to_json(sample_summary("base", 0, 0)));
  run.write("eval/sft.json", to_json(sample_summary("sft", 5, 9)));
  run.write("eval/context.json", context_json(written));
  run.write("eval/examples.json",
            examples_json({example, example}, {"flag.png", "../../x.png"}));
  run.write("flag.png", "PNG bytes");
  run.write("metrics.jsonl",
            "{\"phase\":\"sft\",\"step\":3,\"loss\":1.5,\"note\":\"x\"}\n"
            "{\"phase\":\"sft\",\"step\":4,\"lo");
  const ReportInput input = load_report_input(run.path.string());
  CHECK(input.title == "Emoji");
  REQUIRE(input.stages.size() == 3);
  CHECK(input.stages[0].stage == "base");
  CHECK(input.stages[2] == sample_summary("grpo", 5, 15));
  REQUIRE(input.metrics.size() == 1);
  CHECK(input.metrics[0].values ==
        std::map<std::string, double>{{"loss", 1.5}});
  REQUIRE(input.examples.size() == 2);
  CHECK(input.examples[0].picture == "PNG bytes");
  CHECK(input.examples[1].picture == "");
  CHECK(input.examples[0].after.reward == 1.25);
  CHECK_FALSE(input.examples[0].before.reward);
  CHECK(input.seeds.at(0).change.mean == Approx(0.3));
  CHECK(input.control->label == "seed 1");
  CHECK(input.clean->mean == Approx(0.75));
  CHECK(input.times.at(0).tokens == 2000);
  CHECK(context_json(input) == context_json(written));
  CHECK_FALSE(html_report(input, {}).empty());
}

TEST_CASE("an evaluation is all that a report needs") {
  const RunFolder run("bare");
  CHECK_THROWS_WITH(load_report_input(run.path.string()),
                    Contains("no evaluation found"));
  run.write("eval/sft.json", to_json(sample_summary("sft", 5, 9)));
  CHECK(load_report_input(run.path.string()).stages.size() == 1);
}

TEST_CASE("damaged files are refused by name") {
  const RunFolder run("damaged");
  run.write("eval/sft.json", to_json(sample_summary("sft", 5, 9)));
  run.write("metrics.jsonl", "{\"phase\":1}\n{}\n");
  CHECK_THROWS_WITH(load_report_input(run.path.string()),
                    Contains("metrics.jsonl:1"));
  run.write("metrics.jsonl", "");
  run.write("eval/context.json", "{\"seeds\": 3}");
  CHECK_THROWS_WITH(load_report_input(run.path.string()),
                    Contains("context.json"));
  run.write("eval/context.json", "{}");
  run.write("eval/examples.json", "[{}]");
  CHECK_THROWS_WITH(load_report_input(run.path.string()),
                    Contains("examples.json"));
  run.write("eval/examples.json", "[]");
  run.write("eval/extra.json", "{}");
  CHECK_THROWS_WITH(load_report_input(run.path.string()),
                    Contains("extra.json"));
}
