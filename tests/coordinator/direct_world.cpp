#include "tests/coordinator/direct_world.h"

namespace ume::test {

void DirectWorld::register_learner(const std::string& start_id) {
  learner.hash = "none";
  sequence = 0;
  for (int32_t rank = 0; rank < world_size; ++rank) {
    RegisterRequest request;
    request.role = Role::kLearner;
    request.index = rank;
    request.world_size = world_size;
    request.start_id = start_id;
    incarnation = ask<RegisterReply>(request).incarnation;
  }
}

bool DirectWorld::sample_one(int32_t worker) {
  const Reply reply = coordinator->handle(LeaseRequest{worker});
  const auto* lease = std::get_if<LeaseReply>(&reply);
  if (lease == nullptr) return false;
  ask<AckReply>(GroupResultRequest{worker, fake_result(*lease)});
  return true;
}

bool DirectWorld::score_one() {
  const Reply reply = coordinator->handle(CohortRequest{kPolicyHash});
  const auto* offer = std::get_if<CohortReply>(&reply);
  if (offer == nullptr) return false;
  ask<AckReply>(RewardResultRequest{offer->cohort.id, fake_rewards(*offer)});
  return true;
}

WorkReply DirectWorld::next_item() {
  const WorkRequest first{incarnation, 0, sequence};
  Reply reply = coordinator->handle(first);
  while (std::holds_alternative<WaitReply>(reply)) {
    if (!sample_one() && !score_one()) {
      throw std::runtime_error("stuck: " +
                               std::get<WaitReply>(reply).waiting_for);
    }
    reply = coordinator->handle(first);
  }
  const WorkReply work = std::get<WorkReply>(reply);
  std::vector<GrpoUpdateItem> slices;
  for (int32_t rank = 0; rank < world_size; ++rank) {
    const auto own = ask<WorkReply>(WorkRequest{incarnation, rank, sequence});
    if (const auto* update = std::get_if<GrpoUpdateItem>(&own.item)) {
      slices.push_back(*update);
    }
  }
  if (const auto* begin = std::get_if<BeginPhaseItem>(&work.item)) {
    learner.begin(*begin);
  } else if (const auto* sft = std::get_if<SftStepsItem>(&work.item)) {
    learner.sft(*sft);
  } else if (const auto* save = std::get_if<SaveCheckpointItem>(&work.item)) {
    learner.save(*save);
  } else {
    learner.grpo(slices);
  }
  for (int32_t rank = 0; rank < world_size; ++rank) {
    ask<AckReply>(fake_report(learner, work, incarnation, rank));
  }
  ++sequence;
  return work;
}

std::vector<WorkReply> DirectWorld::run() {
  std::vector<WorkReply> items;
  for (;;) {
    const Reply reply =
        coordinator->handle(WorkRequest{incarnation, 0, sequence});
    if (std::holds_alternative<StopReply>(reply)) return items;
    items.push_back(next_item());
  }
}

}  // namespace ume::test
