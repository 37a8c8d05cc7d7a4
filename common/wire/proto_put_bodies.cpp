#include "common/wire/internal/proto_bodies.h"
#include "common/wire/internal/proto_values.h"

namespace ume {
namespace {

using ume::put;

struct RequestPutter {
  v1::RequestBody* out;
  ArrayWriter& arrays;

  void operator()(const RegisterRequest& value) {
    v1::RegisterRequest* body = out->mutable_register_();
    put_role(value.role, body);
    body->set_index(value.index);
    body->set_world_size(value.world_size);
    body->set_start_id(utf8(value.start_id, "start_id"));
    body->set_pid(value.pid);
  }
  void operator()(const LeaseRequest& value) {
    out->mutable_lease()->set_worker(value.worker);
  }
  void operator()(const RenewRequest& value) {
    v1::RenewRequest* body = out->mutable_renew();
    body->set_worker(value.worker);
    put(value.group, body->mutable_group());
    body->set_fencing(value.fencing);
  }
  void operator()(const GroupResultRequest& value) {
    v1::GroupResultRequest* body = out->mutable_group_result();
    body->set_worker(value.worker);
    put(value.result, body->mutable_result(), arrays);
  }
  void operator()(const CohortRequest& value) {
    v1::CohortRequest* body = out->mutable_cohort();
    body->set_policy_hash(utf8(value.policy_hash, "policy_hash"));
    body->set_worker(value.worker);
    body->set_policy_time(value.policy_time);
    body->set_note(utf8(value.note, "note"));
    body->set_longest_seconds(value.longest_seconds);
  }
  void operator()(const RewardResultRequest& value) {
    v1::RewardResultRequest* body = out->mutable_reward_result();
    body->set_cohort(value.cohort);
    put(value.table, body->mutable_table(), arrays);
    body->set_worker(value.worker);
    put(value.metrics, body->mutable_metrics());
    body->set_blocked_seconds(value.blocked_seconds);
  }
  void operator()(const WorkRequest& value) {
    v1::WorkRequest* body = out->mutable_work();
    body->set_incarnation(value.incarnation);
    body->set_rank(value.rank);
    body->set_sequence(value.sequence);
  }
  void operator()(const WorkDoneRequest& value) {
    v1::WorkDoneRequest* body = out->mutable_work_done();
    body->set_incarnation(value.incarnation);
    body->set_rank(value.rank);
    body->set_sequence(value.sequence);
    for (const auto& metrics : value.step_metrics) {
      put(metrics, body->add_step_metrics());
    }
    put(value.weights, body->mutable_weights());
    body->set_checkpoint_hash(utf8(value.checkpoint_hash, "checkpoint_hash"));
    body->set_damage(utf8(value.damage, "damage"));
  }
  void operator()(const ProgressRequest& value) {
    v1::ProgressRequest* body = out->mutable_progress();
    body->set_incarnation(value.incarnation);
    body->set_rank(value.rank);
    body->set_done(value.done);
    put(value.metrics, body->mutable_metrics());
  }
  void operator()(const StatusRequest&) { out->mutable_status(); }
  void operator()(const ShutdownRequest& value) {
    out->mutable_shutdown()->set_reason(utf8(value.reason, "reason"));
  }
};

struct ItemPutter {
  v1::WorkReply* out;
  ArrayWriter& arrays;

  void operator()(const BeginPhaseItem& value) {
    v1::BeginPhaseItem* body = out->mutable_begin_phase();
    body->set_phase(utf8(value.phase, "phase"));
    body->set_model(utf8(value.model, "model"));
    body->set_resume(utf8(value.resume, "resume"));
    body->set_first_step(value.first_step);
    body->set_num_steps(value.num_steps);
    body->set_base_update(value.base_update);
  }
  void operator()(const SftStepsItem& value) {
    v1::SftStepsItem* body = out->mutable_sft_steps();
    body->set_phase(utf8(value.phase, "phase"));
    body->set_first_step(value.first_step);
    body->set_num_steps(value.num_steps);
  }
  void operator()(const GrpoUpdateItem& value) {
    v1::GrpoUpdateItem* body = out->mutable_grpo_update();
    body->set_phase(utf8(value.phase, "phase"));
    body->set_step(value.step);
    put(value.slice, body->mutable_slice(), arrays);
  }
  void operator()(const SaveCheckpointItem& value) {
    v1::SaveCheckpointItem* body = out->mutable_save_checkpoint();
    body->set_phase(utf8(value.phase, "phase"));
    body->set_step(value.step);
    body->set_folder(utf8(value.folder, "folder"));
    body->set_end_of_phase(value.end_of_phase);
  }
};

struct ReplyPutter {
  v1::ReplyBody* out;
  ArrayWriter& arrays;

  void operator()(const RegisterReply& value) {
    out->mutable_register_()->set_incarnation(value.incarnation);
  }
  void operator()(const WaitReply& value) {
    out->mutable_wait()->set_seconds(value.seconds);
    out->mutable_wait()->set_waiting_for(
        utf8(value.waiting_for, "waiting_for"));
  }
  void operator()(const StopReply& value) {
    out->mutable_stop()->set_reason(utf8(value.reason, "reason"));
  }
  void operator()(const RefusedReply& value) {
    out->mutable_refused()->set_reason(utf8(value.reason, "reason"));
  }
  void operator()(const AckReply&) { out->mutable_ack(); }
  void operator()(const LeaseReply& value) {
    v1::LeaseReply* body = out->mutable_lease();
    put(value.group, body->mutable_group());
    body->set_fencing(value.fencing);
    body->set_lease_seconds(value.lease_seconds);
    body->set_group_size(value.group_size);
    body->set_run_seed(value.run_seed);
    put(value.sampling, body->mutable_sampling());
    put(value.prompt, body->mutable_prompt());
    put(value.weights, body->mutable_weights());
  }
  void operator()(const CohortReply& value) {
    put(value.cohort, out->mutable_cohort()->mutable_cohort(), arrays);
    out->mutable_cohort()->set_input_digest(
        utf8(value.input_digest, "input_digest"));
  }
  void operator()(const WorkReply& value) {
    out->mutable_work()->set_sequence(value.sequence);
    std::visit(ItemPutter{out->mutable_work(), arrays}, value.item);
  }
  void operator()(const StatusReply& value) {
    out->mutable_status()->set_json(utf8(value.json, "json"));
  }
};

}  // namespace

void put_request(const Request& request,
                 v1::RequestBody* out,
                 ArrayWriter& arrays) {
  std::visit(RequestPutter{out, arrays}, request);
}

void put_reply(const Reply& reply, v1::ReplyBody* out, ArrayWriter& arrays) {
  std::visit(ReplyPutter{out, arrays}, reply);
}

}  // namespace ume
