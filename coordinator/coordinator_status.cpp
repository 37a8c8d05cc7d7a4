// What the coordinator shows of itself.
#include <algorithm>

#include "coordinator/coordinator.h"

namespace ume {
namespace {

constexpr size_t kMaxCurvePoints = 300;
constexpr size_t kMaxShownEvents = 60;

std::string role_name(Role role) {
  switch (role) {
    case Role::kRollout:
      return "rollout";
    case Role::kReward:
      return "reward";
    case Role::kLearner:
      return "learner";
    case Role::kSupervisor:
      break;
  }
  return "supervisor";
}

std::string activity_of(const WorkRow& item, const std::string& phase) {
  const std::string step = std::to_string(item.step + 1);
  switch (item.kind) {
    case WorkKind::kBeginPhase:
      return "loading weights for phase " + phase;
    case WorkKind::kSftSteps:
      return phase + " steps " + step + " to " +
             std::to_string(item.step + item.num_steps);
    case WorkKind::kGrpoUpdate:
      return phase + " update " + step;
    case WorkKind::kSaveCheckpoint:
      return "saving a checkpoint at step " + std::to_string(item.step);
    case WorkKind::kStop:
      break;
  }
  return "ending";
}

void show_phases(const RunPlan& plan,
                 uint32_t current,
                 uint64_t steps_done,
                 StatusSnapshot& status) {
  for (uint32_t i = 0; i < plan.phases.size(); ++i) {
    const PhasePlan& phase = plan.phases[i];
    PhaseStatus shown;
    shown.name = phase.name;
    shown.kind = phase.kind == PhaseKind::kSft ? "sft" : "grpo";
    shown.num_steps = phase.num_steps;
    shown.finished = i < current;
    if (i < current) shown.steps_done = phase.num_steps;
    if (i == current) shown.steps_done = std::min(steps_done, phase.num_steps);
    status.phases.push_back(std::move(shown));
  }
}

}  // namespace

StatusSnapshot Coordinator::status() const {
  const double now = clock_.now_seconds();
  StatusSnapshot status;
  status.run_id = parts_.plan.run_id;
  status.training_done = training_done();
  show_state(status);
  show_progress(status);
  show_roles(status);
  status.steps_per_second = step_rate_.per_second(now);
  status.groups_per_second = group_rate_.per_second(now);
  status.tokens_per_second = token_rate_.per_second(now);
  if (!all_phases_done() && status.steps_per_second > 0) {
    const PhaseStatus& phase = status.phases[phase_];
    status.seconds_left =
        static_cast<double>(phase.num_steps - phase.steps_done) /
        status.steps_per_second;
  }
  status.updates_to_export = static_cast<int64_t>(to_export_.size());
  status.counters = book_.counters();
  const auto& events = book_.recent_events();
  const size_t shown = std::min(events.size(), kMaxShownEvents);
  status.events.assign(events.end() - static_cast<std::ptrdiff_t>(shown),
                       events.end());
  for (uint32_t i = 0; i < parts_.plan.phases.size(); ++i) {
    status.curves.push_back(
        curve_.curve(i, parts_.plan.phases[i].name, kMaxCurvePoints));
  }
  return status;
}

void Coordinator::show_state(StatusSnapshot& status) const {
  status.reason = stopping_.value_or("");
  if (failure_) {
    status.state = "failed";
  } else if (all_phases_done()) {
    status.state = "done";
  } else if (stopped()) {
    status.state = "stopped";
  } else if (stopping_) {
    status.state = "stopping";
  } else {
    status.state = log_.items().empty() ? "waiting" : "running";
  }
  const WorkRow* last = log_.last();
  if (last == nullptr) {
    status.activity = "waiting for the learner";
  } else if (!log_.completed(*last) || last->kind == WorkKind::kStop) {
    status.activity = activity_of(*last, book_.phase(last->phase).name);
  } else if (groups_.is_open()) {
    status.activity = "waiting for " + cohorts_.waits_for();
  }
}

void Coordinator::show_progress(StatusSnapshot& status) const {
  const auto& plan = parts_.plan;
  const auto last_phase = static_cast<uint32_t>(plan.phases.size() - 1);
  const uint32_t shown = std::min(phase_, last_phase);
  status.phase_index = shown;
  show_phases(plan, phase_, std::max(learner_step(), live_step_), status);
  status.incarnation = log_.incarnation();
  if (!all_phases_done() && learner_step() < consumed_steps_) {
    status.replayed_until = consumed_steps_;
  }
  if (weights_) {
    status.weights = weights_->version;
    status.weight_hash = weights_->hash;
  }
  status.metrics = live_metrics_.empty() ? curve_.newest(shown) : live_metrics_;
  for (const GroupState state :
       {GroupState::kPending, GroupState::kLeased, GroupState::kFinished,
        GroupState::kQuarantined, GroupState::kDropped}) {
    status.groups[std::string(group_state_name(state))] = groups_.count(state);
  }
  status.cohorts = cohorts_.num_cohorts();
  status.cohorts_ready = cohorts_.num_ready();
  status.cohorts_rewarded = cohorts_.num_rewarded();
  status.checkpoint = checkpoint_;
  if (!checkpoint_ && !ends_.empty()) status.checkpoint = ends_.back();
  if (status.checkpoint) {
    status.checkpoint_phase = plan.phases[status.checkpoint->phase].name;
  }
}

// A sampler or reward service asks again and again, so one that does not must
// be at some work, and after this time hangs in it. A learner's items have no
// such limit; its ranks watch each other.
bool Coordinator::hangs(Role role, const WorkerState& worker) const {
  const CoordinatorConfig& config = book_.config();
  double limit = config.group_seconds;
  if (role == Role::kReward) limit = std::max(limit, config.reward_seconds);
  limit = std::max(limit, worker.longest_seconds);
  if (role != Role::kReward && role != Role::kRollout) return false;
  return clock_.now_seconds() - worker.last_asked >
         limit + config.lease_seconds;
}

void Coordinator::show_roles(StatusSnapshot& status) const {
  const double now = clock_.now_seconds();
  for (const auto& [who, worker] : workers_.all()) {
    RoleStatus role;
    role.role = role_name(who.first);
    role.index = who.second;
    role.seconds_since_seen = now - worker.last_seen;
    role.silent = role.seconds_since_seen > book_.config().heartbeat_seconds;
    role.hung = hangs(who.first, worker);
    role.pid = worker.pid;
    role.waiting_for = worker.waiting_for;
    role.restarts = worker.restarts;
    role.done = worker.done;
    role.metrics = worker.metrics;
    status.roles.push_back(std::move(role));
  }
}

}  // namespace ume
