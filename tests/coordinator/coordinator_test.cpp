#include "coordinator/coordinator.h"

#include <catch2/catch.hpp>

#include "coordinator/progress/ledger_check.h"
#include "tests/coordinator/direct_world.h"

namespace ume {
namespace {

using test::DirectWorld;
using test::fake_result;
using test::fake_rewards;

std::string item_text(const WorkReply& work) {
  if (const auto* begin = std::get_if<BeginPhaseItem>(&work.item)) {
    return "begin " + begin->phase + " " + std::to_string(begin->first_step) +
           (begin->resume.empty() ? "" : " resume");
  }
  if (const auto* sft = std::get_if<SftStepsItem>(&work.item)) {
    return "sft " + std::to_string(sft->first_step) + "+" +
           std::to_string(sft->num_steps);
  }
  if (const auto* grpo = std::get_if<GrpoUpdateItem>(&work.item)) {
    return "grpo " + std::to_string(grpo->step);
  }
  const auto& save = std::get<SaveCheckpointItem>(work.item);
  return "save " + std::to_string(save.step) +
         (save.end_of_phase ? " end" : "");
}

std::vector<std::string> texts(const std::vector<WorkReply>& items) {
  std::vector<std::string> all;
  for (const WorkReply& item : items) all.push_back(item_text(item));
  return all;
}

void check_sound(const DirectWorld& world) {
  CHECK(check_invariants(*world.ledger, world.job.plan, world.job.data) ==
        std::vector<std::string>());
}

std::string fault_free_digest() {
  DirectWorld world;
  world.register_learner("a");
  world.run();
  return ledger_digest(*world.ledger);
}

}  // namespace

TEST_CASE(
    "coordinator: a run without faults does every step of every phase once") {
  DirectWorld world;
  world.register_learner("a");
  const std::vector<std::string> expected = {
      "begin sft 0", "sft 0+10",    "save 10",      "sft 10+10", "save 20",
      "sft 20+5",    "save 25 end", "begin grpo 0", "grpo 0",    "grpo 1",
      "save 2",      "grpo 2",      "grpo 3",       "save 4",    "grpo 4",
      "grpo 5",      "save 6 end"};
  CHECK(texts(world.run()) == expected);
  CHECK_FALSE(world.coordinator->training_done());  // trajectories to export
  for (int i = 0; i < 6; ++i) world.coordinator->tick();
  CHECK(world.coordinator->training_done());
  CHECK(world.coordinator->status().state == "done");
  check_sound(world);
}

TEST_CASE(
    "coordinator: progress inside an item is shown, what comes late is not, "
    "and none of it is kept") {
  DirectWorld world;
  world.register_learner("a");
  world.next_item();  // begin
  const auto tell = [&](int32_t rank, uint64_t done, double loss) {
    world.ask<AckReply>(
        ProgressRequest{world.incarnation, rank, done, {{"loss", loss}}});
  };
  const auto steps_done = [&] {
    return world.coordinator->status().phases[0].steps_done;
  };
  world.ask<WorkReply>(WorkRequest{world.incarnation, 0, world.sequence});
  const std::string before = ledger_digest(*world.ledger);
  tell(0, 4, 0.25);
  tell(0, 3, 7.0);   // overtaken
  tell(0, 11, 7.0);  // not of this item
  tell(1, 5, 7.0);   // only rank 0 speaks for all
  CHECK(steps_done() == 4);
  CHECK(world.coordinator->status().metrics.at("loss") == 0.25);
  CHECK(ledger_digest(*world.ledger) == before);
  world.next_item();
  tell(0, 9, 7.0);  // reported by now
  CHECK(steps_done() == 10);
  CHECK(world.coordinator->status().metrics.at("loss") != 7.0);
  CHECK_NOTHROW(world.ask<RefusedReply>(
      ProgressRequest{world.incarnation + 1, 0, 11, {}}));
}

TEST_CASE("coordinator: progress of a learner that died is not shown") {
  DirectWorld world;
  world.register_learner("a");
  for (int i = 0; i < 3; ++i) world.next_item();  // begin, ten steps, save
  world.ask<WorkReply>(WorkRequest{world.incarnation, 0, world.sequence});
  world.ask<AckReply>(ProgressRequest{world.incarnation, 0, 15, {}});
  CHECK(world.coordinator->status().phases[0].steps_done == 15);
  world.register_learner("b");
  world.next_item();
  CHECK(world.coordinator->status().phases[0].steps_done == 10);
}

TEST_CASE("coordinator: the time left is of this phase's own steps") {
  DirectWorld world;
  world.register_learner("a");
  // SFT does ten steps a second.
  std::string done;
  while (done != "begin grpo 0") {
    world.clock.advance(1.0);
    done = item_text(world.next_item());
  }
  CHECK(world.coordinator->status().steps_per_second == 0.0);
  CHECK_FALSE(world.coordinator->status().seconds_left);
  world.clock.advance(20.0);
  world.next_item();
  CHECK(world.coordinator->status().steps_per_second == Approx(1.0 / 20));
  CHECK(*world.coordinator->status().seconds_left == Approx(5 * 20.0));
}

TEST_CASE("coordinator: after the last phase every role is told to stop") {
  DirectWorld world;
  world.register_learner("a");
  world.run();
  CHECK_NOTHROW(world.ask<StopReply>(LeaseRequest{0}));
  CHECK_NOTHROW(world.ask<StopReply>(CohortRequest{test::kPolicyHash}));
  CHECK_NOTHROW(
      world.ask<StopReply>(WorkRequest{world.incarnation, 1, world.sequence}));
}

TEST_CASE(
    "coordinator: a phase starts from the last checkpoint of the one before") {
  DirectWorld world;
  world.register_learner("a");
  const auto items = world.run();
  const auto& first = std::get<BeginPhaseItem>(items[0].item);
  CHECK(first.model == "base");
  CHECK(first.base_update == 0);
  const auto& second = std::get<BeginPhaseItem>(items[7].item);
  CHECK(second.model == "runs/small/checkpoints/sft/step_000025/model");
  CHECK(second.resume.empty());
  CHECK(second.base_update == 25);
}

TEST_CASE(
    "coordinator: all groups of an update are made by the weights before it") {
  DirectWorld world;
  world.register_learner("a");
  for (const WorkReply& item : world.run()) {
    const auto* update = std::get_if<GrpoUpdateItem>(&item.item);
    if (update == nullptr) continue;
    CHECK(update->slice.update == 25 + update->step);
    for (const TrainGroup& group : update->slice.groups) {
      CHECK(group.version.update == 25 + update->step);
    }
  }
}

TEST_CASE(
    "coordinator: pairs are taken in file order, epochs without their rest") {
  // 10 pairs, 4 an update: pairs 0-3, 4-7, then epoch 1 from its first pair.
  const PhasePlan phase = test::small_job().plan.phases[1];
  CHECK(dispatch_indices(phase, 10, 0) == std::vector<uint64_t>{0, 1, 2, 3});
  CHECK(dispatch_indices(phase, 10, 1) == std::vector<uint64_t>{4, 5, 6, 7});
  CHECK(dispatch_indices(phase, 10, 2) ==
        std::vector<uint64_t>{10, 11, 12, 13});
}

TEST_CASE(
    "coordinator: a learner that dies is restarted from its checkpoint and "
    "the consumed batches are replayed") {
  DirectWorld world;
  world.register_learner("a");
  while (item_text(world.next_item()) != "grpo 4") {
  }
  // Some of update 5's groups are finished when the learner dies.
  for (int i = 0; i < 5; ++i) REQUIRE(world.sample_one());
  world.register_learner("b");
  CHECK(std::holds_alternative<RefusedReply>(
      world.coordinator->handle(WorkRequest{1, 0, 12})));
  const std::vector<std::string> expected = {"begin grpo 4 resume", "grpo 4",
                                             "grpo 5", "save 6 end"};
  CHECK(texts(world.run()) == expected);
  CHECK(ledger_digest(*world.ledger) == fault_free_digest());
  // Nothing finished was generated twice.
  CHECK(load_counters(*world.ledger).accepted == 6 * 8);
  check_sound(world);
}

TEST_CASE(
    "coordinator: groups made by weights that a new learner does not "
    "reach again are sampled anew") {
  DirectWorld world;
  world.register_learner("a");
  while (item_text(world.next_item()) != "grpo 4") {
  }
  for (int i = 0; i < 5; ++i) REQUIRE(world.sample_one());
  world.learner.salt = "another machine";
  world.register_learner("b");
  world.run();
  CHECK(load_counters(*world.ledger).stale == 5);
  CHECK(load_counters(*world.ledger).accepted == 6 * 8 + 5);
  check_sound(world);
}

TEST_CASE("coordinator: another number of ranks trains on the same batches") {
  DirectWorld world;
  world.register_learner("a");
  while (item_text(world.next_item()) != "grpo 4") {
  }
  world.world_size = 3;
  world.register_learner("b");
  world.run();
  CHECK(ledger_digest(*world.ledger) == fault_free_digest());
  check_sound(world);
}

TEST_CASE(
    "coordinator: a restarted coordinator goes on where it committed last") {
  DirectWorld world;
  world.register_learner("a");
  for (int i = 0; i < 8; ++i) world.next_item();
  REQUIRE(world.sample_one());
  const auto lease = world.ask<LeaseReply>(LeaseRequest{1});
  world.start();
  // Its sampler goes on, too: the lease still holds, the next number is higher.
  CHECK_NOTHROW(
      world.ask<AckReply>(RenewRequest{1, lease.group, lease.fencing}));
  CHECK_NOTHROW(world.ask<AckReply>(GroupResultRequest{1, fake_result(lease)}));
  CHECK(world.ask<LeaseReply>(LeaseRequest{1}).fencing > lease.fencing);
  world.clock.advance(world.config.lease_seconds);
  world.run();
  CHECK(ledger_digest(*world.ledger) == fault_free_digest());
  check_sound(world);
}

TEST_CASE("coordinator: a request sent again gets an equivalent answer") {
  DirectWorld world;
  world.register_learner("a");
  for (int i = 0; i < 8; ++i) world.next_item();
  const auto lease = world.ask<LeaseReply>(LeaseRequest{0});
  const GroupResultRequest result{0, fake_result(lease)};
  world.ask<AckReply>(result);
  CHECK_NOTHROW(world.ask<AckReply>(result));
  CHECK(world.coordinator->status().counters.duplicates == 1);
  while (world.sample_one()) {
  }
  const auto offer = world.ask<CohortReply>(CohortRequest{test::kPolicyHash});
  const RewardResultRequest table{offer.cohort.id, fake_rewards(offer)};
  world.ask<AckReply>(table);
  CHECK_NOTHROW(world.ask<AckReply>(table));
}

TEST_CASE(
    "coordinator: a stop saves a checkpoint first and a later run goes on") {
  DirectWorld world;
  world.register_learner("a");
  for (int i = 0; i < 2; ++i) world.next_item();  // begin, ten steps
  world.ask<AckReply>(ShutdownRequest{"interrupt"});
  CHECK(world.coordinator->status().state == "stopping");
  CHECK(texts(world.run()) == std::vector<std::string>{"save 10"});
  CHECK(world.coordinator->stopped());
  CHECK_NOTHROW(world.ask<StopReply>(LeaseRequest{0}));
  world.start();
  CHECK_FALSE(world.coordinator->stopped());
  world.register_learner("b");
  CHECK(texts(world.run())[0] == "begin sft 10 resume");
  CHECK(ledger_digest(*world.ledger) == fault_free_digest());
}

TEST_CASE("coordinator: a stop while groups are out keeps the finished ones") {
  DirectWorld world;
  world.register_learner("a");
  while (item_text(world.next_item()) != "grpo 2") {
  }
  for (int i = 0; i < 3; ++i) REQUIRE(world.sample_one());
  world.ask<AckReply>(ShutdownRequest{"interrupt"});
  CHECK(texts(world.run()) == std::vector<std::string>{"save 3"});
  world.start();
  world.register_learner("b");
  world.run();
  CHECK(load_counters(*world.ledger).accepted == 6 * 8);
  CHECK(ledger_digest(*world.ledger) == fault_free_digest());
}

TEST_CASE(
    "coordinator: a damaged checkpoint is stepped over and its updates are "
    "replayed from the one before") {
  DirectWorld world;
  world.exporter = [](const UpdateExport&) {};
  world.start();
  world.register_learner("a");
  while (item_text(world.next_item()) != "grpo 4") {
  }
  // The updates of both checkpoints have been written to their files.
  for (int i = 0; i < 8; ++i) world.coordinator->tick();
  world.disk.erase("runs/small/checkpoints/grpo/step_000004");
  world.register_learner("b");
  const std::vector<std::string> expected = {"begin grpo 4 resume",
                                             "begin grpo 2 resume",
                                             "grpo 2",
                                             "grpo 3",
                                             "save 4",
                                             "grpo 4",
                                             "grpo 5",
                                             "save 6 end"};
  CHECK(texts(world.run()) == expected);
  CHECK(ledger_digest(*world.ledger) == fault_free_digest());
  CHECK(load_counters(*world.ledger).accepted == 6 * 8);
  check_sound(world);
}

TEST_CASE(
    "coordinator: without an older checkpoint a phase begins anew, also when "
    "the coordinator dies in between") {
  DirectWorld world;
  world.register_learner("a");
  while (item_text(world.next_item()) != "save 10") {
  }
  world.disk.clear();
  world.register_learner("b");
  CHECK(item_text(world.next_item()) == "begin sft 10 resume");
  world.start();
  const auto items = texts(world.run());
  CHECK(items[0] == "begin sft 0");
  CHECK(ledger_digest(*world.ledger) == fault_free_digest());
}

TEST_CASE(
    "coordinator: two damaged checkpoints in a row stop the run, which says "
    "what is missing and keeps the ledger") {
  DirectWorld world;
  world.exporter = [](const UpdateExport&) {};
  world.start();
  world.register_learner("a");
  while (item_text(world.next_item()) != "grpo 4") {
  }
  for (int i = 0; i < 8; ++i) world.coordinator->tick();
  const auto before = world.disk;
  world.disk.erase("runs/small/checkpoints/grpo/step_000002");
  world.disk.erase("runs/small/checkpoints/grpo/step_000004");
  world.register_learner("b");
  CHECK(texts(world.run()) ==
        std::vector<std::string>{"begin grpo 4 resume", "begin grpo 2 resume"});
  CHECK(world.coordinator->status().state == "failed");
  CHECK_THAT(*world.coordinator->failure(),
             Catch::Contains("checkpoints/grpo/step_000002 is damaged") &&
                 Catch::Contains("Put the folder back"));
  world.disk = before;
  world.start();
  world.register_learner("c");
  CHECK(texts(world.run())[0] == "begin grpo 2 resume");
  CHECK(ledger_digest(*world.ledger) == fault_free_digest());
}

TEST_CASE("coordinator: only an item that loads a checkpoint can find damage") {
  DirectWorld world;
  world.register_learner("a");
  WorkDoneRequest report;
  report.incarnation = world.incarnation;
  report.damage = "a lie";
  world.ask<WorkReply>(WorkRequest{world.incarnation, 0, 0});
  CHECK_NOTHROW(world.ask<RefusedReply>(report));
}

TEST_CASE("coordinator: a run is not continued with another plan") {
  DirectWorld world;
  world.job.plan.phases[1].group_size = 4;
  CHECK_THROWS_WITH(world.start(), Catch::Contains("group_size: 3"));
}

}  // namespace ume
