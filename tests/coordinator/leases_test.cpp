#include <catch2/catch.hpp>

#include "tests/coordinator/sampling_world.h"

// Leases, fencing and quarantine, request by request.
namespace ume {
namespace {

using test::fake_result;
using test::Sampling;

}  // namespace

TEST_CASE("leases: groups go out in order of dispatch, query before target") {
  Sampling world;
  const auto first = world.lease(0);
  const auto second = world.lease(1);
  const auto third = world.lease(0);
  CHECK(first.group == GroupId{0, Side::kQuery});
  CHECK(first.prompt.text == "query 0");
  CHECK(second.group == GroupId{0, Side::kTarget});
  CHECK(second.prompt.text == "target 0");
  CHECK(third.group == GroupId{1, Side::kQuery});
  CHECK(first.fencing < second.fencing);
  CHECK(second.fencing < third.fencing);
  CHECK(first.weights.version.update == 25);
}

TEST_CASE(
    "leases: an expired group goes to another worker and the late result "
    "is refused") {
  Sampling world;
  const auto lost = world.lease(0);
  world.clock.advance(world.config.lease_seconds);
  const auto again = world.lease(1);
  CHECK(again.group == lost.group);
  CHECK(again.fencing > lost.fencing);
  CHECK(world.refused(GroupResultRequest{0, fake_result(lost)}));
  CHECK(world.refused(RenewRequest{0, lost.group, lost.fencing}));
  world.ask<AckReply>(GroupResultRequest{1, fake_result(again)});
  CHECK(world.refused(GroupResultRequest{0, fake_result(lost)}));
  CHECK(world.status().counters.expired == 1);
  CHECK(world.status().counters.late == 2);
  CHECK(world.broken().empty());
}

TEST_CASE(
    "leases: renewing keeps a lease, but not past the group's hard limit") {
  CoordinatorConfig config;
  config.lease_seconds = 10;
  config.group_seconds = 25;
  Sampling world(config);
  const auto lease = world.lease(0);
  const RenewRequest renew{0, lease.group, lease.fencing};
  world.clock.advance(9);
  world.ask<AckReply>(renew);
  world.clock.advance(9);  // at 18 s, past the first lease
  world.ask<AckReply>(renew);
  world.clock.advance(9);  // at 27 s
  CHECK(world.refused(renew));
  CHECK(world.lease(1).group == lease.group);
}

TEST_CASE("leases: a lease belongs to its worker and its group") {
  Sampling world;
  const auto lease = world.lease(0);
  CHECK(world.refused(RenewRequest{1, lease.group, lease.fencing}));
  CHECK(world.refused(GroupResultRequest{1, fake_result(lease)}));
  auto other = fake_result(lease);
  other.group.side = Side::kTarget;
  CHECK(world.refused(GroupResultRequest{0, other}));
  auto made_up = fake_result(lease);
  made_up.fencing = 12345;
  CHECK(world.refused(GroupResultRequest{0, made_up}));
  CHECK_NOTHROW(world.ask<AckReply>(GroupResultRequest{0, fake_result(lease)}));
}

TEST_CASE("leases: a result that breaks a rule is counted and sampled again") {
  Sampling world;
  const auto lease = world.lease(0);
  auto lie = fake_result(lease);
  lie.trajectories[0].logprobs[0] = 1.0f;
  CHECK(world.refused(GroupResultRequest{0, lie}));
  CHECK(world.status().counters.refused == 1);
  CHECK(world.has_event("result_refused"));
  CHECK_THAT(to_json(world.status()),
             Catch::Contains("worker 0, query of pair 0: "));
  CHECK(world.lease(1).group == lease.group);
  CHECK(world.broken().empty());
}

TEST_CASE(
    "leases: a worker that spoils groups in a row is left out for a while") {
  Sampling world;
  for (int i = 0; i < 3; ++i) {
    auto lie = fake_result(world.lease(0));
    lie.weight_hash = "mine";
    CHECK(world.refused(GroupResultRequest{0, lie}));
  }
  CHECK_NOTHROW(world.ask<WaitReply>(LeaseRequest{0}));
  CHECK_THAT(to_json(world.status()), Catch::Contains("worker 0 for 60 s"));
  CHECK_NOTHROW(world.lease(1));
  world.clock.advance(world.config.worker_bar_seconds);
  CHECK_NOTHROW(world.lease(0));
}

TEST_CASE("leases: a worker whose number cannot be is refused everywhere") {
  Sampling world;
  const size_t known = world.status().roles.size();
  RegisterRequest start;
  start.role = Role::kRollout;
  for (const int32_t index : {-1, 1'000'001}) {
    start.index = index;
    CHECK(world.refused(start));
    CHECK(world.refused(LeaseRequest{index}));
    CHECK(world.refused(CohortRequest{test::kPolicyHash, index}));
    RewardResultRequest rewards;
    rewards.worker = index;
    CHECK(world.refused(rewards));
  }
  CHECK(world.status().roles.size() == known);
}

TEST_CASE("leases: a restarted worker's group is free at once") {
  Sampling world;
  RegisterRequest start;
  start.role = Role::kRollout;
  start.start_id = "one";
  world.ask<RegisterReply>(start);
  const auto lost = world.lease(0);
  world.ask<RegisterReply>(start);  // the same message again changes nothing
  CHECK_NOTHROW(world.ask<AckReply>(RenewRequest{0, lost.group, lost.fencing}));
  start.start_id = "two";
  world.ask<RegisterReply>(start);
  CHECK(world.lease(1).group == lost.group);
  CHECK(world.refused(GroupResultRequest{0, fake_result(lost)}));
}

TEST_CASE(
    "quarantine: a group that nobody finishes is set aside with its pair "
    "and the run goes on") {
  CoordinatorConfig config;
  config.max_attempts = 2;
  Sampling world(config);
  for (int i = 0; i < 2; ++i) {
    CHECK(world.lease(i).group == GroupId{0, Side::kQuery});
    world.clock.advance(config.lease_seconds);
  }
  CHECK(world.lease(0).group == GroupId{1, Side::kQuery});
  CHECK(world.status().groups.at("quarantined") == 1);
  CHECK(world.status().groups.at("dropped") == 1);
  CHECK(world.has_event("group_quarantined"));
  world.clock.advance(config.lease_seconds);
  world.run();
  CHECK(world.status().state == "done");
  CHECK(world.broken().empty());
  // Its cohort of two pairs has no negatives left: the other one feeds update
  // 0.
  const auto batches = load_rows<BatchRow>(*world.ledger);
  REQUIRE(batches.size() == 6);
  CHECK(batches[0].dropped_groups >= 4);
}

TEST_CASE("quarantine: the run can be told to stop instead") {
  CoordinatorConfig config;
  config.max_attempts = 1;
  config.on_quarantine = "fail";
  Sampling world(config);
  world.lease(0);
  world.clock.advance(config.lease_seconds);
  world.coordinator->tick();
  CHECK(world.status().state == "failed");
  REQUIRE(world.coordinator->failure().has_value());
  CHECK(world.coordinator
            ->handle(WorkRequest{world.incarnation, 0, world.sequence})
            .index() == Reply(StopReply{}).index());
}

TEST_CASE(
    "leases: a sampler that renews and never finishes hangs, a waiting one "
    "does not") {
  CoordinatorConfig config;
  config.group_seconds = 100.0;
  Sampling world(config);
  RegisterRequest start;
  start.role = Role::kRollout;
  start.start_id = "one";
  start.pid = 77;
  world.ask<RegisterReply>(start);
  const auto lease = world.lease(0);
  const auto hung = [&] {
    std::vector<int64_t> pids;
    for (const RoleStatus& role : world.status().roles) {
      if (role.hung) pids.push_back(role.pid);
    }
    return pids;
  };
  for (int i = 0; i < 16; ++i) {
    world.clock.advance(10.0);
    world.coordinator->handle(RenewRequest{0, lease.group, lease.fencing});
    world.coordinator->handle(LeaseRequest{1});
    world.coordinator->tick();
  }
  CHECK(hung().empty());  // 160 s: the group's time and a lease's
  world.clock.advance(1.0);
  world.coordinator->handle(LeaseRequest{1});
  CHECK(hung() == std::vector<int64_t>{77});
  start.start_id = "another";
  start.pid = 78;
  world.ask<RegisterReply>(start);
  CHECK(hung().empty());
}

TEST_CASE("learner reports: what cannot be is refused by field") {
  Sampling world;
  WorkDoneRequest report;
  report.incarnation = world.incarnation;
  report.sequence = 99;
  CHECK(world.refused(report));
  report.rank = 7;
  report.sequence = 0;
  CHECK(world.refused(report));
  world.register_learner("b");
  const auto work = world.ask<WorkReply>(WorkRequest{world.incarnation, 0, 0});
  world.learner.begin(std::get<BeginPhaseItem>(work.item));
  auto done = fake_report(world.learner, work, world.incarnation, 0);
  done.weights.version.update = 3;
  CHECK(world.refused(done));
  done = fake_report(world.learner, work, world.incarnation, 0);
  done.weights.hash.clear();
  CHECK(world.refused(done));
  CHECK(world.has_event("report_refused"));
}

}  // namespace ume
