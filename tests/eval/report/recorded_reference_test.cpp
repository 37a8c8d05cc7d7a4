#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <sstream>

#include "common/error/error.h"
#include "eval/report/compare_runs.h"
#include "tests/eval/report/report_samples.h"
#include "tests/support/scratch_folder.h"

namespace ume {
namespace {

using Catch::Contains;

nlohmann::json figure() {
  return {{"label", "SFT on careful traces alone"},
          {"metric", "generative hit@1"},
          {"source", "docs/example.md"},
          {"task", "two_hop"},
          {"digest", "abc"},
          {"mean", 0.771},
          {"low", 0.73},
          {"high", 0.813}};
}

ReportInput measured_on(const std::string& digest) {
  ReportInput report;
  report.stages = {sample_summary("sft", 5, 9)};
  report.stages[0].tasks[0].digest = digest;
  report.notes = {"A note of somebody's."};
  return report;
}

TEST_CASE("a recorded figure is a note that says that it is recorded") {
  const ScratchFolder folder;
  const std::string path = folder.write("r.json", figure().dump()).string();
  ReportInput report = measured_on("abc");
  add_recorded_reference(path, report);
  add_recorded_reference(path, report);  // in the place of the first
  REQUIRE(report.notes.size() == 2);
  CHECK(report.notes[1] ==
        "Recorded, not measured in this run: SFT on careful traces alone, "
        "generative hit@1 0.771 [0.730, 0.813] (docs/example.md).");
  std::istringstream lines(note_lines(report));
  for (std::string line; std::getline(lines, line);) {
    CHECK(line.size() <= 100);
  }
}

TEST_CASE("a figure of other questions says so") {
  const ScratchFolder folder;
  const std::string path = folder.write("r.json", figure().dump()).string();
  ReportInput report = measured_on("abd");
  add_recorded_reference(path, report);
  CHECK_THAT(report.notes.at(1), Contains("on other questions"));
}

TEST_CASE("a measured reference takes the place of the recorded one") {
  const ScratchFolder folder;
  const std::string path = folder.write("r.json", figure().dump()).string();
  ReportInput report = measured_on("abc");
  add_recorded_reference(path, report);
  report.clean = Estimate();
  add_recorded_reference(path, report);
  CHECK(report.notes == std::vector<std::string>{"A note of somebody's."});
}

TEST_CASE("a file that is no recorded figure is refused by name") {
  const ScratchFolder folder;
  ReportInput report = measured_on("abc");
  for (const char* text : {"", "[]", "{\"label\": 1}"}) {
    const std::string path = folder.write("bad.json", text).string();
    CHECK_THROWS_AS(add_recorded_reference(path, report), InvalidInput);
    CHECK_THROWS_WITH(add_recorded_reference(path, report),
                      Contains("bad.json"));
  }
  CHECK_THROWS_AS(add_recorded_reference(folder / "none", report), IoError);
}

}  // namespace
}  // namespace ume
