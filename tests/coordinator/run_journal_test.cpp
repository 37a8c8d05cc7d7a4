#include "coordinator/progress/run_journal.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <memory>

#include "common/error/error.h"
#include "common/files/files.h"
#include "tests/coordinator/direct_world.h"
#include "tests/support/event_file.h"
#include "tests/support/scratch_folder.h"

namespace ume {
namespace {

// A run whose journal can be cut short and taken up again, as by the next
// process.
struct JournalledWorld {
  ScratchFolder folder;
  std::string events = folder.path() + "/events.jsonl";
  std::string metrics = folder.path() + "/metrics.jsonl";
  std::string tensorboard = folder.path() + "/tensorboard";
  test::DirectWorld world;
  std::unique_ptr<RunJournal> journal;

  JournalPaths paths() const { return {events, metrics, tensorboard}; }

  void start() {
    world.ledger->rollback();
    journal = std::make_unique<RunJournal>(paths(), [] { return 7.0; });
    journal->catch_up(*world.ledger, world.job.plan);
    world.hooks = journal->hooks();
    world.start();
  }
};

struct Killed {};

// "sft/loss 3", for the scalars of that tag, in the order of writing.
std::vector<std::string> points(const std::string& folder,
                                const std::string& tag) {
  std::vector<std::string> all;
  for (const test::EventScalar& scalar : test::event_scalars(folder)) {
    CHECK(scalar.wall_seconds == 7.0);  // as the line's `time`
    if (scalar.tag != tag) continue;
    all.push_back(tag + " " + std::to_string(scalar.step));
  }
  return all;
}

std::vector<std::string> all_points(const std::string& tag, int num_steps) {
  std::vector<std::string> all;
  for (int i = 0; i < num_steps; ++i) {
    all.push_back(tag + " " + std::to_string(i));
  }
  return all;
}

}  // namespace

TEST_CASE("run journal: each event and each step is one line") {
  JournalledWorld run;
  run.start();
  run.world.register_learner("a");
  run.world.run();
  const std::string metrics = read_file(run.metrics);
  CHECK(std::count(metrics.begin(), metrics.end(), '\n') == 25 + 6);
  CHECK_THAT(metrics, Catch::StartsWith(
                          R"({"loss":1.0,"phase":"sft","step":0,"time":7.0})"));
  CHECK_THAT(read_file(run.events),
             Catch::StartsWith(R"({"id":0,"kind":"run_started",)"));
}

TEST_CASE(
    "run journal: what a process that died after its commit did not write is "
    "written by the next one") {
  JournalledWorld calm;
  calm.start();
  calm.world.register_learner("a");
  calm.world.run();

  JournalledWorld run;
  run.start();
  run.world.register_learner("a");
  run.world.next_item();  // begin
  run.world.hooks = {};
  run.world.hooks.on_step = [](const auto&, auto, const auto&) {
    throw Killed{};
  };
  run.world.start();
  CHECK_THROWS_AS(run.world.next_item(), Killed);  // ten steps, all committed
  std::ofstream(run.metrics, std::ios::app) << R"({"loss":0.5,"ph)";
  run.start();
  run.world.register_learner("b");  // does them again: known by now
  run.world.run();
  CHECK(read_file(run.metrics) == read_file(calm.metrics));
  // Twice restarted; no event is missing or doubled.
  const auto rows = load_rows<EventRow>(*run.world.ledger);
  const std::string events = read_file(run.events);
  CHECK(static_cast<size_t>(std::count(events.begin(), events.end(), '\n')) ==
        rows.size());
}

TEST_CASE(
    "run journal: each step's numbers are TensorBoard's scalars, once, by "
    "phase and name") {
  JournalledWorld run;
  run.start();
  CHECK_FALSE(std::filesystem::exists(run.tensorboard));  // no step yet
  run.world.register_learner("a");
  run.world.next_item();  // begin
  run.world.next_item();  // ten steps
  run.start();            // nothing is lacking
  run.world.hooks.on_step = [](const auto&, auto, const auto&) {};
  run.world.start();
  run.world.next_item();  // a checkpoint
  run.world.next_item();  // ten steps, not written
  run.start();            // now they are
  run.world.run();
  CHECK(points(run.tensorboard, "sft/loss") == all_points("sft/loss", 25));
  CHECK(points(run.tensorboard, "grpo/reward/total") ==
        all_points("grpo/reward/total", 6));
  const auto scalars = test::event_scalars(run.tensorboard);
  REQUIRE_FALSE(scalars.empty());
  CHECK(scalars[0].tag == "sft/loss");
  CHECK(scalars[0].value == 1.0f);
}

TEST_CASE("run journal: scalars that cannot be written are an error") {
  JournalledWorld run;
  std::ofstream(run.tensorboard) << "a file, where the folder should be";
  run.start();
  run.world.register_learner("a");
  run.world.next_item();  // begin
  CHECK_THROWS_AS(run.world.next_item(), IoError);
}

TEST_CASE("run journal: a line that is not its own is refused by name") {
  for (const char* line :
       {R"({"phase":3,"step":0})", R"({"phase":"sft","step":"x"})",
        R"({"phase":"sft","step":-1})", R"({"step":1})", "[1]", "{", ""}) {
    JournalledWorld run;
    run.start();
    run.world.register_learner("a");
    run.world.next_item();  // begin
    run.world.next_item();  // ten steps
    std::ofstream(run.metrics, std::ios::app) << line << "\n";
    CHECK_THROWS_AS(run.start(), InvalidInput);
    CHECK_THROWS_WITH(run.start(), Catch::Contains("metrics.jsonl:11: ") &&
                                       Catch::Contains("phase"));
  }
  JournalledWorld run;
  std::ofstream(run.events) << R"({"id":"x"})"
                            << "\n";
  CHECK_THROWS_WITH(run.start(), Catch::Contains("events.jsonl:1: ") &&
                                     Catch::Contains("`id`"));
}

TEST_CASE("run journal: lost files are written anew") {
  JournalledWorld run;
  run.start();
  run.world.register_learner("a");
  run.world.run();
  const std::string events = read_file(run.events);
  const std::string metrics = read_file(run.metrics);
  run.journal.reset();
  std::filesystem::remove(run.events);
  std::filesystem::remove(run.metrics);
  RunJournal again(run.paths(), [] { return 7.0; });
  again.catch_up(*run.world.ledger, run.world.job.plan);
  CHECK(read_file(run.events) == events);
  CHECK(read_file(run.metrics) == metrics);
}

}  // namespace ume
