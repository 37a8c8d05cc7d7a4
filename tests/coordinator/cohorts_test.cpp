#include <catch2/catch.hpp>

#include "tests/coordinator/sampling_world.h"

// Cohorts and their rewards, request by request.
namespace ume {
namespace {

using test::fake_result;
using test::fake_rewards;
using test::kPolicyHash;
using test::Sampling;

}  // namespace

TEST_CASE(
    "cohorts: nothing is offered before all groups of a cohort are here") {
  Sampling world;
  for (int i = 0; i < 3; ++i) REQUIRE(world.sample_one());
  CHECK_NOTHROW(world.ask<WaitReply>(CohortRequest{kPolicyHash}));
  REQUIRE(world.sample_one());  // the fourth: two pairs, both sides
  const auto offer = world.ask<CohortReply>(CohortRequest{kPolicyHash});
  CHECK(offer.cohort.num_pairs == 2);
  CHECK(offer.cohort.group_size == 3);
  CHECK(offer.cohort.update == 0);  // of the phase, not of the run
  CHECK(offer.cohort.dispatch_index == std::vector<uint64_t>{0, 1});
  CHECK(offer.cohort.sources == std::vector<std::string>{"set 0", "set 1"});
  CHECK(offer.cohort.query_digests.size() == 2);
  CHECK(offer.cohort.query_digests[0] != "");
  CHECK(offer.cohort.target_digests.size() == 2);
  CHECK(offer.cohort.duplicate_ids.size() == 2);
  CHECK(offer.cohort.query.completions.size() == 6);
  CHECK(offer.cohort.query.gen_embeddings.size() == 6 * test::kFakeDim);
  CHECK(offer.cohort.target.disc_embeddings.size() == 2 * test::kFakeDim);
}

TEST_CASE(
    "cohorts: an unanswered offer is made again after its deadline or a "
    "restart of the service") {
  Sampling world;
  const auto offer = world.first_cohort();
  const auto second = world.ask<CohortReply>(CohortRequest{kPolicyHash});
  CHECK(second.cohort.id == offer.cohort.id + 1);
  CHECK_NOTHROW(world.ask<WaitReply>(CohortRequest{kPolicyHash}));
  world.clock.advance(world.config.reward_seconds);
  CHECK(world.ask<CohortReply>(CohortRequest{kPolicyHash}).cohort ==
        offer.cohort);
  RegisterRequest start;
  start.role = Role::kReward;
  start.start_id = "two";
  world.ask<RegisterReply>(start);
  CHECK(world.ask<CohortReply>(CohortRequest{kPolicyHash}).input_digest ==
        offer.input_digest);
}

TEST_CASE("cohorts: a service with an older policy waits for the newer one") {
  Sampling world;
  world.first_cohort();
  const Reply reply = world.coordinator->handle(CohortRequest{"other"});
  REQUIRE(std::holds_alternative<WaitReply>(reply));
  CHECK_THAT(std::get<WaitReply>(reply).waiting_for,
             Catch::Contains("policy-1") && Catch::Contains("other"));
}

TEST_CASE(
    "cohorts: a newer policy scores the open update anew, so that no update "
    "mixes two") {
  Sampling world;
  const CohortReply offer = world.first_cohort();
  const RewardResultRequest old{offer.cohort.id, fake_rewards(offer)};
  world.ask<AckReply>(old);
  CHECK(world.status().cohorts_rewarded == 1);
  CohortRequest newer{"policy-2", 0, 5, "loaded policy-2"};
  const auto again = world.ask<CohortReply>(newer);
  CHECK(again.cohort == offer.cohort);
  CHECK(world.status().cohorts_rewarded == 0);
  CHECK(world.refused(old));  // it was on its way
  CHECK_NOTHROW(world.ask<WaitReply>(CohortRequest{kPolicyHash, 1, 4}));
  RewardResultRequest answer = old;
  answer.table.policy_hash = "policy-2";
  answer.metrics = {{"judge/breaker_state", 2.0}};
  world.ask<AckReply>(answer);
  CHECK(world.status().cohorts_rewarded == 1);
  CHECK(world.has_event("reward_policy_changed"));
  CHECK(world.has_event("reward_service"));
  CHECK_THAT(to_json(world.status()), Catch::Contains("judge/breaker_state"));
}

TEST_CASE(
    "cohorts: two services score two cohorts; one that restarts gives back its "
    "own only") {
  Sampling world;
  const CohortReply first = world.first_cohort();
  const auto second = world.ask<CohortReply>(CohortRequest{kPolicyHash, 1});
  CHECK(second.cohort.id != first.cohort.id);
  CHECK_NOTHROW(world.ask<WaitReply>(CohortRequest{kPolicyHash, 2}));
  RegisterRequest restarted;
  restarted.role = Role::kReward;
  restarted.index = 1;
  restarted.start_id = "reward-1-again";
  world.ask<RegisterReply>(restarted);
  const auto offered = world.ask<CohortReply>(CohortRequest{kPolicyHash, 1});
  CHECK(offered.cohort.id == second.cohort.id);
  CHECK(offered.cohort.query.prompts.size() == 2);
}

TEST_CASE(
    "cohorts: failed cells are scored again, then the run stops with the "
    "reason; no reward is made up") {
  CoordinatorConfig config;
  config.reward_attempts = 2;
  Sampling world(config);
  const auto offer = world.first_cohort();
  auto table = fake_rewards(offer);
  table.total.query[0] = {CellState::kFailed, 0.0, "model is gone"};
  const RewardResultRequest failed{offer.cohort.id, table};
  world.ask<AckReply>(failed);
  CHECK(world.status().cohorts_rewarded == 0);
  CHECK_FALSE(world.coordinator->failure().has_value());
  world.clock.advance(1.0);
  CHECK(world.ask<CohortReply>(CohortRequest{kPolicyHash}).cohort.id ==
        offer.cohort.id);
  world.ask<AckReply>(failed);
  REQUIRE(world.coordinator->failure().has_value());
  CHECK_THAT(*world.coordinator->failure(), Catch::Contains("model is gone"));
}

TEST_CASE("cohorts: a malformed table is refused and counts as a failure") {
  Sampling world;
  const auto offer = world.first_cohort();
  auto table = fake_rewards(offer);
  table.total.query.pop_back();
  CHECK(world.refused(RewardResultRequest{offer.cohort.id, table}));
  CHECK(world.status().counters.reward_retries == 1);
  CHECK(world.refused(RewardResultRequest{999, fake_rewards(offer)}));
}

TEST_CASE("cohorts: each row says where its embedding was read") {
  Sampling world;
  for (;;) {
    const Reply reply = world.coordinator->handle(LeaseRequest{0});
    const auto* lease = std::get_if<LeaseReply>(&reply);
    if (lease == nullptr) break;
    GroupResult result = fake_result(*lease);
    for (Trajectory& t : result.trajectories) {
      const bool own = t.sample == 0;
      t.gen_embedding.assign(static_cast<size_t>(test::kFakeDim), 0.0f);
      t.gen_embedding[0] = 1.0f;
      t.embedding_source =
          own ? EmbeddingSource::kCompletion : EmbeddingSource::kPrompt;
      if (t.sample == 1) {
        t.gen_embedding.clear();
        t.embedding_source = EmbeddingSource::kNone;
      }
    }
    world.ask<AckReply>(GroupResultRequest{0, result});
  }
  const auto offer = world.ask<CohortReply>(CohortRequest{kPolicyHash});
  const auto group = static_cast<size_t>(offer.cohort.group_size);
  for (const CohortSide* side : {&offer.cohort.query, &offer.cohort.target}) {
    REQUIRE(side->embedding_sources.size() == side->has_embedding.size());
    for (size_t row = 0; row < side->has_embedding.size(); ++row) {
      const auto expected = row % group == 0   ? EmbeddingSource::kCompletion
                            : row % group == 1 ? EmbeddingSource::kNone
                                               : EmbeddingSource::kPrompt;
      CHECK(side->embedding_sources[row] == expected);
      CHECK((side->has_embedding[row] != 0) ==
            (expected != EmbeddingSource::kNone));
    }
  }
  Cohort other = offer.cohort;
  other.query.embedding_sources[0] = EmbeddingSource::kPrompt;
  CHECK(cohort_digest(offer.cohort) == offer.input_digest);
  CHECK(cohort_digest(other) != offer.input_digest);
}

TEST_CASE(
    "cohorts: a service whose breaker is open is asked again when it will "
    "try, not before") {
  Sampling world;
  const auto offer = world.first_cohort();
  world.ask<CohortReply>(CohortRequest{kPolicyHash});  // the other one
  auto table = fake_rewards(offer);
  table.total.query[0] = {CellState::kFailed, 0.0, "breaker is open"};
  RewardResultRequest failed{offer.cohort.id, table};
  failed.blocked_seconds = 20.0;
  world.ask<AckReply>(failed);
  world.clock.advance(19.0);
  CHECK_NOTHROW(world.ask<WaitReply>(CohortRequest{kPolicyHash}));
  world.clock.advance(1.5);
  CHECK(world.ask<CohortReply>(CohortRequest{kPolicyHash}).cohort.id ==
        offer.cohort.id);
}

TEST_CASE("cohorts: one is not offered again while its terms may be at it") {
  Sampling world;
  while (world.sample_one()) {
  }
  CohortRequest slow{kPolicyHash};
  slow.longest_seconds = 90.0;
  const auto offer = world.ask<CohortReply>(slow);
  world.ask<CohortReply>(slow);  // the other one
  world.clock.advance(world.config.reward_seconds + 1.0);
  CHECK_NOTHROW(world.ask<WaitReply>(slow));
  world.clock.advance(60.0);
  CHECK(world.ask<CohortReply>(slow).cohort.id == offer.cohort.id);
}

TEST_CASE("cohorts: a service hangs no sooner than its terms may take") {
  Sampling world;
  while (world.sample_one()) {
  }
  RegisterRequest start;
  start.role = Role::kReward;
  start.start_id = "one";
  start.pid = 77;
  world.ask<RegisterReply>(start);
  CohortRequest slow{kPolicyHash};
  slow.longest_seconds = 90'000.0;
  world.ask<CohortReply>(slow);
  const auto hangs = [&] {
    for (const RoleStatus& role : world.status().roles) {
      if (role.role == "reward") return role.hung;
    }
    return false;
  };
  world.clock.advance(90'000.0);
  CHECK_FALSE(hangs());
  world.clock.advance(world.config.lease_seconds + 1.0);
  CHECK(hangs());
}

TEST_CASE(
    "cohorts: an answer that comes twice is acknowledged only under the policy "
    "that it was accepted with") {
  Sampling world;
  const auto offer = world.first_cohort();
  RewardResultRequest answer{offer.cohort.id, fake_rewards(offer)};
  world.ask<AckReply>(answer);
  world.ask<AckReply>(answer);
  CHECK(world.status().counters.duplicates == 1);
  answer.table.policy_hash = "another";
  CHECK(world.refused(answer));
  CHECK(world.status().counters.duplicates == 1);
}

TEST_CASE("cohorts: one that fits no message ends the run by name") {
  CoordinatorConfig config;
  config.max_completion_bytes = 64 << 20;
  Sampling world(config);
  for (;;) {
    const Reply reply = world.coordinator->handle(LeaseRequest{0});
    const auto* lease = std::get_if<LeaseReply>(&reply);
    if (lease == nullptr) break;
    GroupResult result = fake_result(*lease);
    result.trajectories[0].completion.assign(18 << 20, 'x');
    world.ask<AckReply>(GroupResultRequest{0, result});
  }
  CHECK(world.refused(CohortRequest{kPolicyHash}));
  REQUIRE(world.coordinator->failure().has_value());
  CHECK_THAT(*world.coordinator->failure(),
             Catch::Contains("grpo.pairs_per_cohort"));
}

}  // namespace ume
