#include "coordinator/plan/stored_plan.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "common/error/error.h"
#include "tests/coordinator/direct_world.h"

namespace ume {
namespace {

using Catch::Matchers::Contains;

// A run of 25 SFT steps and 6 GRPO updates (a checkpoint every 10 and 2).
struct StoppedRun : test::DirectWorld {
  StoppedRun() { register_learner("a"); }

  // Until GRPO has so many steps; `saved`: and their checkpoint.
  void train(uint64_t updates, bool saved = false) {
    for (;;) {
      const WorkReply done = next_item();
      const auto* update = std::get_if<GrpoUpdateItem>(&done.item);
      const auto* save = std::get_if<SaveCheckpointItem>(&done.item);
      if (!saved && update && update->step + 1 == updates) return;
      if (saved && save && save->phase == "grpo" && save->step == updates) {
        return;
      }
    }
  }
  void continue_with(uint64_t updates) {
    job.plan.phases[1].num_steps = updates;
    start();
    register_learner("start " + std::to_string(++num_starts_));
  }
  // Whether all phases end, and their trajectories leave the ledger.
  bool ends() {
    run();
    for (int i = 0; i < 20; ++i) coordinator->tick();
    return coordinator->training_done();
  }

 private:
  int num_starts_ = 0;
};

}  // namespace

TEST_CASE("stored plan: a new ledger is of no run") {
  MemoryLedger ledger;
  CHECK_FALSE(has_plan(ledger));
  CHECK(phase_progress(ledger, 0).steps_begun == 0);
  const test::Job job = test::small_job();
  keep_plan(job.plan, job.data, ledger);
  CHECK(has_plan(ledger));
}

TEST_CASE("stored plan: the last phase may become longer while it goes on") {
  StoppedRun run;
  run.train(3);
  CHECK(phase_progress(*run.ledger, 0).ended);
  CHECK_FALSE(phase_progress(*run.ledger, 1).ended);
  CHECK(phase_progress(*run.ledger, 1).steps_begun == 3);
  run.continue_with(8);
  CHECK(run.ends());
  CHECK(phase_progress(*run.ledger, 1).ended);
  CHECK(phase_progress(*run.ledger, 1).steps_begun == 8);
}

TEST_CASE("stored plan: the last phase may end where it stands, not before") {
  StoppedRun run;
  SECTION("after an update") {
    run.train(3);
  }
  SECTION("after a checkpoint") {
    run.train(2, true);
    run.continue_with(3);
    run.train(3);
  }
  CHECK_THROWS_AS(run.continue_with(2), ConfigError);
  CHECK_THROWS_WITH(run.continue_with(1), Contains("grpo.updates") &&
                                              Contains("3 or more") &&
                                              Contains("found 1"));
  run.continue_with(3);
  CHECK(run.ends());
  CHECK(phase_progress(*run.ledger, 1).steps_begun == 3);
}

TEST_CASE("stored plan: a phase that ends at a checkpoint is exported there") {
  StoppedRun run;
  run.train(2, true);
  run.continue_with(2);
  const std::vector<WorkReply> items = run.run();
  const bool exported =
      std::any_of(items.begin(), items.end(), [](const WorkReply& reply) {
        const auto* save = std::get_if<SaveCheckpointItem>(&reply.item);
        return save && save->end_of_phase && save->step == 2;
      });
  CHECK(exported);
  CHECK(run.ends());
}

TEST_CASE("stored plan: a phase that has ended is not continued") {
  StoppedRun run;
  CHECK(run.ends());
  for (const uint64_t updates : {5, 7}) {
    CHECK_THROWS_WITH(
        run.continue_with(updates),
        Contains("phase grpo has ended") && Contains("expected 6, found"));
  }
  run.continue_with(6);
  CHECK(run.ends());
}

}  // namespace ume
