// What the coordinator tells the learner to do.
#include "common/error/check.h"
#include "common/error/error.h"
#include "common/hash/xxh3.h"
#include "coordinator/coordinator.h"

namespace ume {
namespace {

std::string plan_id(const PhasePlan& phase, uint64_t step) {
  return phase.name + "/" + std::to_string(step);
}

std::string reward_digest(const PlanGroup& group) {
  Xxh3Hasher hasher;
  for (size_t i = 0; i < group.kept.size(); ++i) {
    hasher.update_u64(static_cast<uint64_t>(group.kept[i]));
    hasher.update(std::string_view(
        reinterpret_cast<const char*>(&group.rewards[i]), sizeof(double)));
  }
  return hasher.hex();
}

}  // namespace

// Steps of the current phase that the learner's weights have seen.
uint64_t Coordinator::learner_step() const {
  const WorkRow* done = log_.last_completed();
  if (done == nullptr || done->phase != phase_) return 0;
  return steps_after(*done);
}

LearnerView Coordinator::learner_view() const {
  LearnerView view;
  if (const WorkRow* last = log_.last()) {
    view.last = *last;
    view.last_completed = log_.completed(*last);
  }
  view.phase = phase_;
  view.all_phases_done = all_phases_done();
  view.stopping = stopping_.has_value();
  view.sft_steps_per_item =
      static_cast<uint64_t>(book_.config().sft_steps_per_item);
  if (view.all_phases_done) return view;
  view.phase_is_grpo = current_phase().kind == PhaseKind::kGrpo;
  view.num_steps = current_phase().num_steps;
  view.checkpoint_every = current_phase().checkpoint_every;
  if (checkpoint_) {
    view.checkpoint_step = checkpoint_->step;
    view.checkpoint_folder = checkpoint_->folder;
  }
  const bool replay = learner_step() < consumed_steps_;
  view.batch_ready = replay || (sampling() && cohorts_.complete());
  view.batch_waits_for = cohorts_.waits_for();
  return view;
}

Reply Coordinator::on(const WorkRequest& request) {
  if (const auto why = log_.refusal(request.incarnation, request.rank)) {
    return RefusedReply{*why};
  }
  Reply reply;
  const auto& items = log_.items();
  if (request.sequence < items.size()) {
    reply = work_reply(items[request.sequence], request.rank);
  } else if (request.sequence > items.size()) {
    return RefusedReply{"item " + std::to_string(request.sequence) +
                        " asked for, the log has " +
                        std::to_string(items.size())};
  } else {
    NextItem next = decide_next_item(learner_view());
    if (const auto* wait = std::get_if<WaitFor>(&next)) {
      reply = WaitReply{book_.config().pause_seconds, wait->what};
    } else {
      WorkRow item = std::get<WorkRow>(next);
      const bool fresh =
          item.kind == WorkKind::kGrpoUpdate && item.step == consumed_steps_;
      if (fresh) consume_batch(item.step);
      if (item.kind == WorkKind::kStop && stopping_) {
        book_.event("stopped", *stopping_);
      }
      forget_progress();
      reply = work_reply(log_.append(std::move(item)), request.rank);
    }
  }
  note(Role::kLearner, request.rank, reply);
  return reply;
}

Reply Coordinator::work_reply(const WorkRow& item, int32_t rank) {
  WorkReply reply;
  reply.sequence = item.sequence;
  switch (item.kind) {
    case WorkKind::kBeginPhase:
      reply.item = begin_item(item);
      return reply;
    case WorkKind::kSftSteps:
      reply.item =
          SftStepsItem{book_.phase(item.phase).name, item.step, item.num_steps};
      return reply;
    case WorkKind::kGrpoUpdate:
      if (log_.completed(item)) return RefusedReply{"the update is done"};
      reply.item = update_item(item, rank);
      return reply;
    case WorkKind::kSaveCheckpoint: {
      const PhasePlan& phase = book_.phase(item.phase);
      reply.item = SaveCheckpointItem{
          phase.name, item.step, absolute(checkpoint_folder(phase, item.step)),
          item.end_of_phase};
      return reply;
    }
    case WorkKind::kStop:
      break;
  }
  return StopReply{stopping_ ? *stopping_ : "training is done"};
}

std::string Coordinator::absolute(const std::string& folder) const {
  if (parts_.plan.run_dir.empty()) return folder;
  return parts_.plan.run_dir + "/" + folder;
}

std::string Coordinator::model_of_phase(uint32_t phase) const {
  if (phase == 0) return parts_.plan.initial_model;
  std::string folder = absolute(ends_.at(phase - 1).folder);
  if (!parts_.plan.export_subfolder.empty()) {
    folder += "/" + parts_.plan.export_subfolder;
  }
  return folder;
}

BeginPhaseItem Coordinator::begin_item(const WorkRow& item) const {
  BeginPhaseItem begin;
  begin.phase = book_.phase(item.phase).name;
  begin.model = model_of_phase(item.phase);
  if (!item.resume.empty()) begin.resume = absolute(item.resume);
  begin.first_step = item.step;
  begin.num_steps = book_.phase(item.phase).num_steps;
  begin.base_update = base_update(parts_.plan, item.phase);
  return begin;
}

// Fixes the update's batch: from here on it is trained on, and replayed after a
// crash, until a checkpoint holds it.
void Coordinator::consume_batch(uint64_t step) {
  UME_CHECK(groups_.is_open() && groups_.step() == step,
            "the consumed batch is the open one");
  const auto rewards = cohorts_.rewards();
  const auto groups =
      collect_plan_groups(groups_.rows(), rewards, current_phase().group_size);
  const BatchPlan plan =
      plan_batch(plan_id(current_phase(), step), groups, log_.world_size());
  BatchRow batch;
  batch.phase = phase_;
  batch.step = step;
  batch.plan_id = plan.id;
  batch.plan_hash = plan.hash;
  batch.world_size = log_.world_size();
  batch.dropped_groups =
      plan.dropped_groups +
      static_cast<int64_t>(groups_.rows().size() - groups.size());
  batch.metrics = batch_metrics(groups, rewards);
  put_row(book_.ledger(), batch);
  if (const auto told =
          saturation_.add(batch.metrics, current_phase().pairs_per_cohort)) {
    book_.event("reward_saturated", *told);
  }
  book_.count().dropped_groups += static_cast<uint64_t>(batch.dropped_groups);
  mark_consumed(groups);
  groups_.close();
  cohorts_.load();
  ++consumed_steps_;
}

void Coordinator::mark_consumed(const std::vector<PlanGroup>& groups) {
  std::map<GroupId, std::string> digests;
  for (const PlanGroup& group : groups) {
    digests[group.row.group] = reward_digest(group);
  }
  for (GroupRow row : groups_.rows()) {
    if (row.state != GroupState::kFinished) continue;
    const auto found = digests.find(row.group);
    if (found == digests.end()) {
      row.state = GroupState::kDropped;
      drop_result(book_.ledger(), row);
    } else {
      row.state = GroupState::kConsumed;
      row.reward_digest = found->second;
    }
    put_row(book_.ledger(), row);
  }
}

GrpoUpdateItem Coordinator::update_item(const WorkRow& item, int32_t rank) {
  const PhasePlan& phase = book_.phase(item.phase);
  std::vector<GroupRow> rows;
  std::vector<RewardRow> rewards;
  for (GroupRow& row : load_rows<GroupRow>(
           book_.ledger(), GroupRow::prefix(item.phase, item.step))) {
    if (row.state != GroupState::kConsumed) continue;
    if (rewards.empty() || rewards.back().cohort != row.cohort) {
      auto reward = find_row<RewardRow>(book_.ledger(), key_number(row.cohort));
      if (reward) rewards.push_back(std::move(*reward));
    }
    rows.push_back(std::move(row));
  }
  const auto groups = collect_plan_groups(rows, rewards, phase.group_size);
  const BatchPlan plan =
      plan_batch(plan_id(phase, item.step), groups, log_.world_size());
  BatchRow key;
  key.phase = item.phase;
  key.step = item.step;
  const auto batch = find_row<BatchRow>(book_.ledger(), key.key());
  if (!batch || (batch->world_size == log_.world_size() &&
                 batch->plan_hash != plan.hash)) {
    throw IoError("ledger: the batch of " + plan.id +
                  " is not the one that its plan was made for");
  }
  GrpoUpdateItem update;
  update.phase = phase.name;
  update.step = item.step;
  update.slice =
      make_slice(book_.ledger(), plan, groups, book_.data(item.phase), rank);
  update.slice.update = base_update(parts_.plan, item.phase) + item.step;
  return update;
}

}  // namespace ume
