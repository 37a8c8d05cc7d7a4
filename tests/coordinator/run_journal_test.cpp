#include "coordinator/run_journal.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <memory>

#include "common/files/files.h"
#include "tests/coordinator/direct_world.h"
#include "tests/coordinator/temporary_folder.h"

namespace ume {
namespace {

// A run whose journal can be cut short and taken up again, as by the next
// process.
struct JournalledWorld {
  test::TemporaryFolder folder;
  std::string events = folder.path() + "/events.jsonl";
  std::string metrics = folder.path() + "/metrics.jsonl";
  test::DirectWorld world;
  std::unique_ptr<RunJournal> journal;

  void start() {
    world.ledger->rollback();
    journal = std::make_unique<RunJournal>(events, metrics, [] { return 7.0; });
    journal->catch_up(*world.ledger, world.job.plan);
    world.hooks = journal->hooks();
    world.start();
  }
};

struct Killed {};

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
  RunJournal again(run.events, run.metrics, [] { return 7.0; });
  again.catch_up(*run.world.ledger, run.world.job.plan);
  CHECK(read_file(run.events) == events);
  CHECK(read_file(run.metrics) == metrics);
}

}  // namespace ume
