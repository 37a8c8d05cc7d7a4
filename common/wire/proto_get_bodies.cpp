#include "common/error/error.h"
#include "common/wire/internal/proto_bodies.h"
#include "common/wire/internal/proto_values.h"

namespace ume {
namespace {

using ume::get;

constexpr int64_t kMaxWorkers = 1 << 20;

int32_t get_index(int32_t value, const Field& field) {
  return static_cast<int32_t>(integer(value, 0, kMaxWorkers, field));
}

RegisterRequest get(const v1::RegisterRequest& in, const Field& field) {
  RegisterRequest out;
  out.role = get_role(in, {&field, "role"});
  out.world_size = static_cast<int32_t>(
      integer(in.world_size(), 1, kMaxWorkers, {&field, "world_size"}));
  out.index = get_index(in.index(), {&field, "index"});
  out.start_id = name(in.start_id(), {&field, "start_id"});
  out.pid = integer(in.pid(), 0, INT32_MAX, {&field, "pid"});
  return out;
}

RenewRequest get(const v1::RenewRequest& in, const Field& field) {
  present(in.has_group(), {&field, "group"});
  return {get_index(in.worker(), {&field, "worker"}),
          get(in.group(), {&field, "group"}), in.fencing()};
}

GroupResultRequest get(const v1::GroupResultRequest& in,
                       ArrayReader& arrays,
                       const Field& field) {
  const Field result{&field, "result"};
  present(in.has_result(), result);
  return {get_index(in.worker(), {&field, "worker"}),
          get(in.result(), arrays, result)};
}

RewardResultRequest get(const v1::RewardResultRequest& in,
                        ArrayReader& arrays,
                        const Field& field) {
  const Field table{&field, "table"};
  present(in.has_table(), table);
  return {in.cohort(), get(in.table(), arrays, table),
          get_index(in.worker(), {&field, "worker"}),
          get(in.metrics(), {&field, "metrics"}),
          number(in.blocked_seconds(), 0.0, kMaxSeconds,
                 {&field, "blocked_seconds"})};
}

WorkDoneRequest get(const v1::WorkDoneRequest& in, const Field& field) {
  WorkDoneRequest out;
  out.incarnation = in.incarnation();
  out.rank = get_index(in.rank(), {&field, "rank"});
  out.sequence = in.sequence();
  const Field metrics{&field, "step_metrics"};
  for (int i = 0; i < num_items(in.step_metrics_size(), metrics); ++i) {
    out.step_metrics.push_back(
        get(in.step_metrics(i), Field{&field, "step_metrics", i}));
  }
  out.weights = get(in.weights(), {&field, "weights"});
  out.checkpoint_hash = name(in.checkpoint_hash(), {&field, "checkpoint_hash"});
  out.damage = name(in.damage(), {&field, "damage"});
  return out;
}

ProgressRequest get(const v1::ProgressRequest& in, const Field& field) {
  return {in.incarnation(), get_index(in.rank(), {&field, "rank"}), in.done(),
          get(in.metrics(), Field{&field, "metrics"})};
}

LeaseReply get(const v1::LeaseReply& in, const Field& field) {
  present(in.has_group(), {&field, "group"});
  present(in.has_sampling(), {&field, "sampling"});
  present(in.has_prompt(), {&field, "prompt"});
  present(in.has_weights(), {&field, "weights"});
  LeaseReply out;
  out.group = get(in.group(), {&field, "group"});
  out.fencing = in.fencing();
  out.lease_seconds =
      number(in.lease_seconds(), 0.0, 1e9, {&field, "lease_seconds"});
  out.group_size = static_cast<int32_t>(
      integer(in.group_size(), 1, 4096, {&field, "group_size"}));
  out.run_seed = in.run_seed();
  out.sampling = get(in.sampling(), {&field, "sampling"});
  out.prompt = get(in.prompt(), {&field, "prompt"});
  out.weights = get(in.weights(), {&field, "weights"});
  return out;
}

BeginPhaseItem get(const v1::BeginPhaseItem& in, const Field& field) {
  BeginPhaseItem out;
  out.phase = name(in.phase(), {&field, "phase"});
  out.model = name(in.model(), {&field, "model"});
  out.resume = name(in.resume(), {&field, "resume"});
  out.first_step = in.first_step();
  out.num_steps = in.num_steps();
  out.base_update = in.base_update();
  return out;
}

GrpoUpdateItem get(const v1::GrpoUpdateItem& in,
                   ArrayReader& arrays,
                   const Field& field) {
  const Field slice{&field, "slice"};
  present(in.has_slice(), slice);
  return {name(in.phase(), {&field, "phase"}), in.step(),
          get(in.slice(), arrays, slice)};
}

WorkReply get(const v1::WorkReply& in,
              ArrayReader& arrays,
              const Field& field) {
  WorkReply out;
  out.sequence = in.sequence();
  const Field item{&field, "item"};
  switch (in.item_case()) {
    case v1::WorkReply::kBeginPhase:
      out.item = get(in.begin_phase(), item);
      break;
    case v1::WorkReply::kSftSteps:
      out.item =
          SftStepsItem{name(in.sft_steps().phase(), {&item, "phase"}),
                       in.sft_steps().first_step(), in.sft_steps().num_steps()};
      break;
    case v1::WorkReply::kGrpoUpdate:
      out.item = get(in.grpo_update(), arrays, item);
      break;
    case v1::WorkReply::kSaveCheckpoint:
      out.item = SaveCheckpointItem{
          name(in.save_checkpoint().phase(), {&item, "phase"}),
          in.save_checkpoint().step(),
          name(in.save_checkpoint().folder(), {&item, "folder"}),
          in.save_checkpoint().end_of_phase()};
      break;
    default:
      refuse(item, "of a kind that this version does not know");
  }
  return out;
}

CohortReply get(const v1::CohortReply& in,
                ArrayReader& arrays,
                const Field& field) {
  const Field cohort{&field, "cohort"};
  present(in.has_cohort(), cohort);
  return {get(in.cohort(), arrays, cohort),
          name(in.input_digest(), {&field, "input_digest"})};
}

}  // namespace

Request get_request(const v1::RequestBody& in, ArrayReader& arrays) {
  switch (in.kind_case()) {
    case v1::RequestBody::kRegister:
      return get(in.register_(), Field{nullptr, "register"});
    case v1::RequestBody::kLease: {
      const Field field{nullptr, "lease"};
      return LeaseRequest{get_index(in.lease().worker(), {&field, "worker"})};
    }
    case v1::RequestBody::kRenew:
      return get(in.renew(), Field{nullptr, "renew"});
    case v1::RequestBody::kGroupResult:
      return get(in.group_result(), arrays, Field{nullptr, "group_result"});
    case v1::RequestBody::kCohort: {
      const Field field{nullptr, "cohort"};
      return CohortRequest{
          name(in.cohort().policy_hash(), {&field, "policy_hash"}),
          get_index(in.cohort().worker(), {&field, "worker"}),
          in.cohort().policy_time(), name(in.cohort().note(), {&field, "note"}),
          number(in.cohort().longest_seconds(), 0.0, kMaxSeconds,
                 {&field, "longest_seconds"})};
    }
    case v1::RequestBody::kRewardResult:
      return get(in.reward_result(), arrays, Field{nullptr, "reward_result"});
    case v1::RequestBody::kWork: {
      const Field field{nullptr, "work"};
      return WorkRequest{in.work().incarnation(),
                         get_index(in.work().rank(), {&field, "rank"}),
                         in.work().sequence()};
    }
    case v1::RequestBody::kWorkDone:
      return get(in.work_done(), Field{nullptr, "work_done"});
    case v1::RequestBody::kProgress:
      return get(in.progress(), Field{nullptr, "progress"});
    case v1::RequestBody::kStatus:
      return StatusRequest{};
    case v1::RequestBody::kShutdown: {
      const Field field{nullptr, "shutdown"};
      return ShutdownRequest{name(in.shutdown().reason(), {&field, "reason"})};
    }
    default:
      throw InvalidInput("a request of a kind that this version does not know");
  }
}

Reply get_reply(const v1::ReplyBody& in, ArrayReader& arrays) {
  switch (in.kind_case()) {
    case v1::ReplyBody::kRegister:
      return RegisterReply{in.register_().incarnation()};
    case v1::ReplyBody::kWait: {
      const Field field{nullptr, "wait"};
      return WaitReply{
          number(in.wait().seconds(), 0.0, 3600.0, {&field, "seconds"}),
          name(in.wait().waiting_for(), {&field, "waiting_for"})};
    }
    case v1::ReplyBody::kStop: {
      const Field field{nullptr, "stop"};
      return StopReply{name(in.stop().reason(), {&field, "reason"})};
    }
    case v1::ReplyBody::kRefused: {
      const Field field{nullptr, "refused"};
      return RefusedReply{name(in.refused().reason(), {&field, "reason"})};
    }
    case v1::ReplyBody::kAck:
      return AckReply{};
    case v1::ReplyBody::kLease:
      return get(in.lease(), Field{nullptr, "lease"});
    case v1::ReplyBody::kCohort:
      return get(in.cohort(), arrays, Field{nullptr, "cohort"});
    case v1::ReplyBody::kWork:
      return get(in.work(), arrays, Field{nullptr, "work"});
    case v1::ReplyBody::kStatus: {
      const Field field{nullptr, "status"};
      return StatusReply{
          text(in.status().json(), kMaxReport, {&field, "json"})};
    }
    default:
      throw InvalidInput("a reply of a kind that this version does not know");
  }
}

}  // namespace ume
