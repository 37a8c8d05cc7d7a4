#include "coordinator/coordinator.h"

#include <algorithm>
#include <utility>

#include "common/error/error.h"
#include "coordinator/plan/stored_plan.h"

namespace ume {
namespace {

// A worker's registration, to tell its starts apart.
std::string start_of(const RegisterRequest& request) {
  return request.start_id.substr(0, 64) + ":" + std::to_string(request.pid);
}

constexpr int32_t kMaxWorkerIndex = 1'000'000;

bool is_worker_index(int32_t index) {
  return index >= 0 && index <= kMaxWorkerIndex;
}

// Of a worker whose number cannot be.
RefusedReply no_such_worker(int32_t index) {
  return RefusedReply{"worker " + std::to_string(index) + ": expected 0 to " +
                      std::to_string(kMaxWorkerIndex)};
}

}  // namespace

Coordinator::Coordinator(Parts parts, Ledger& ledger, const Clock& clock)
    : parts_(std::move(parts)),
      clock_(clock),
      book_(parts_.plan, parts_.data, parts_.config, ledger),
      log_(book_),
      groups_(book_, workers_),
      cohorts_(book_, groups_) {
  parts_.config.validate();
  validate_plan(parts_.plan, parts_.data);
  book_.set_hooks(parts_.hooks);
  keep_plan(parts_.plan, parts_.data, ledger);
  resume();
  const uint64_t start = ++book_.count().coordinator_starts;
  book_.event(
      start == 1 ? "run_started" : "coordinator_restarted",
      "start " + std::to_string(start) + " of run " + parts_.plan.run_id);
  book_.commit();
}

void Coordinator::resume() {
  const auto& plan = parts_.plan;
  while (phase_ < plan.phases.size()) {
    const auto saved =
        load_rows<CheckpointRow>(book_.ledger(), CheckpointRow::prefix(phase_));
    if (saved.empty()) break;
    if (!saved.back().end_of_phase) {
      checkpoint_ = saved.back();
      break;
    }
    ends_.push_back(saved.back());
    ++phase_;
  }
  for (const BatchRow& batch : load_rows<BatchRow>(book_.ledger())) {
    if (batch.phase == phase_) ++consumed_steps_;
    const bool over = batch.state == BatchState::kWritten && !replayable(batch);
    if (over || batch.state == BatchState::kCommitted) {
      to_export_.push_back(batch);
    }
  }
  for (const StepRow& row : load_rows<StepRow>(book_.ledger())) {
    curve_.add(row.phase, row.step, row.metrics);
  }
  const auto newest = book_.ledger().get(LedgerTable::kMeta, "weights");
  if (newest) {
    const auto row = find_row<VersionRow>(book_.ledger(), *newest);
    if (row) weights_ = row->weights;
  }
  if (!all_phases_done()) {
    groups_.load(phase_, consumed_steps_, clock_.now_seconds());
    cohorts_.load();
  }
}

Reply Coordinator::handle(const Request& request) {
  return handle_all({&request, 1}).front();
}

std::vector<Reply> Coordinator::handle_all(std::span<const Request> requests) {
  std::vector<Reply> replies;
  advance();
  for (const Request& request : requests) {
    replies.push_back(
        std::visit([this](const auto& r) { return on(r); }, request));
  }
  book_.commit();
  return replies;
}

void Coordinator::tick() {
  advance();
  export_next();
  book_.commit();
}

void Coordinator::advance() {
  groups_.expire(clock_.now_seconds());
  cohorts_.drop_hopeless();
  const bool fail_on_quarantine = book_.config().on_quarantine == "fail";
  if (fail_on_quarantine && groups_.count(GroupState::kQuarantined) > 0) {
    fail("a group was set aside and coordinator.on_quarantine is fail");
  }
}

void Coordinator::fail(const std::string& reason) {
  if (failure_) return;
  failure_ = reason;
  stopping_ = reason;
  book_.event("run_failed", reason);
}

bool Coordinator::training_done() const {
  return all_phases_done() && to_export_.empty();
}

bool Coordinator::stopped() const {
  if (!stopping_) return false;
  const WorkRow* last = log_.last();
  return last == nullptr || last->kind == WorkKind::kStop;
}

// Samplers and the reward service have nothing to do any more, or for now.
std::optional<Reply> Coordinator::halted() const {
  if (all_phases_done()) return StopReply{"training is done"};
  if (stopped()) return StopReply{*stopping_};
  if (stopping_) {
    return WaitReply{book_.config().idle_pause_seconds,
                     "the checkpoint before the stop"};
  }
  return std::nullopt;
}

// Keeps what a role waits for, for the status page.
void Coordinator::note(Role role, int32_t index, Reply& reply) {
  WorkerState& worker = workers_.seen(role, index, clock_.now_seconds());
  const auto* wait = std::get_if<WaitReply>(&reply);
  worker.waiting_for = wait ? wait->waiting_for : "";
}

Reply Coordinator::on(const RegisterRequest& request) {
  if (!is_worker_index(request.index)) return no_such_worker(request.index);
  if (request.role > Role::kLearner) return RefusedReply{"unknown role"};
  const std::string start = start_of(request);
  Reply reply = AckReply{};
  if (request.role == Role::kLearner) {
    reply = log_.register_rank(request);
    if (std::holds_alternative<RefusedReply>(reply)) return reply;
    if (log_.items().empty()) forget_progress();
  }
  WorkerState& worker =
      workers_.seen(request.role, request.index, clock_.now_seconds());
  const bool again = !worker.start.empty() && worker.start != start;
  const bool first = worker.start.empty();
  worker.start = start;
  worker.pid = request.pid;
  if (again) ++worker.restarts;
  if (request.role == Role::kRollout) {
    if (again) ++book_.count().worker_restarts;
    groups_.release(request.index, start);
  }
  if (request.role == Role::kReward && (again || first)) {
    if (again) ++book_.count().reward_restarts;
    cohorts_.service_restarted(request.index);
  }
  if (again && request.role != Role::kLearner) {
    book_.event("role_restarted",
                request.role == Role::kRollout
                    ? "worker " + std::to_string(request.index)
                    : "reward service " + std::to_string(request.index));
  }
  if (request.role == Role::kLearner) return reply;
  return RegisterReply{static_cast<uint32_t>(worker.restarts + 1)};
}

// Weights of the open update have been published by the present incarnation.
bool Coordinator::sampling() const {
  return groups_.is_open() && weights_ &&
         weights_->version.incarnation == log_.incarnation() &&
         weights_->version.update ==
             base_update(parts_.plan, phase_) + groups_.step();
}

Reply Coordinator::on(const LeaseRequest& request) {
  if (!is_worker_index(request.worker)) return no_such_worker(request.worker);
  const double now = clock_.now_seconds();
  Reply reply;
  if (auto halt = halted()) {
    reply = *halt;
  } else if (sampling()) {
    reply = groups_.lease(request.worker, *weights_, now);
  } else {
    const bool grpo = current_phase().kind == PhaseKind::kGrpo;
    reply = WaitReply{
        grpo ? book_.config().pause_seconds : book_.config().idle_pause_seconds,
        grpo ? "the learner's weights"
             : "the end of phase " + current_phase().name};
  }
  note(Role::kRollout, request.worker, reply);
  return reply;
}

Reply Coordinator::on(const RenewRequest& request) {
  if (auto* worker = workers_.find(Role::kRollout, request.worker)) {
    worker->last_seen = clock_.now_seconds();
  }
  return groups_.renew(request, clock_.now_seconds());
}

Reply Coordinator::on(const GroupResultRequest& request) {
  const double now = clock_.now_seconds();
  const int64_t groups = groups_.groups_accepted();
  const int64_t tokens = groups_.tokens_accepted();
  Reply reply = groups_.accept(request, now);
  if (groups_.groups_accepted() > groups) {
    group_rate_.add(now, 1.0);
    token_rate_.add(now,
                    static_cast<double>(groups_.tokens_accepted() - tokens));
  }
  return reply;
}

Reply Coordinator::on(const CohortRequest& request) {
  if (!is_worker_index(request.worker)) return no_such_worker(request.worker);
  CohortOutcome outcome;
  if (auto halt = halted()) {
    outcome.reply = *halt;
  } else if (groups_.is_open()) {
    outcome = cohorts_.offer(request, clock_.now_seconds());
  } else {
    const bool grpo = current_phase().kind == PhaseKind::kGrpo;
    outcome.reply = WaitReply{
        grpo ? book_.config().pause_seconds : book_.config().idle_pause_seconds,
        "a complete cohort"};
  }
  if (outcome.failure) fail(*outcome.failure);
  note(Role::kReward, request.worker, outcome.reply);
  workers_.entry(Role::kReward, request.worker, clock_.now_seconds())
      .longest_seconds = request.longest_seconds;
  return std::move(outcome.reply);  // a whole cohort, maybe
}

Reply Coordinator::on(const RewardResultRequest& request) {
  if (!is_worker_index(request.worker)) return no_such_worker(request.worker);
  const CohortOutcome outcome = cohorts_.accept(request, clock_.now_seconds());
  if (outcome.failure) fail(*outcome.failure);
  WorkerState& service =
      workers_.seen(Role::kReward, request.worker, clock_.now_seconds());
  service.metrics = finite_only(request.metrics);
  if (std::holds_alternative<AckReply>(outcome.reply)) ++service.done;
  return outcome.reply;
}

Reply Coordinator::on(const StatusRequest&) {
  return StatusReply{to_json(status())};
}

Reply Coordinator::on(const ShutdownRequest& request) {
  if (!stopping_) {
    stopping_ = request.reason.empty() ? "asked to stop"
                                       : request.reason.substr(0, 200);
    book_.event("stopping", *stopping_);
  }
  return AckReply{};
}

// A learner may yet be given this committed update again.
bool Coordinator::replayable(const BatchRow& batch) const {
  return batch.phase == phase_ && batch.step >= replay_floor();
}

UpdateExport Coordinator::collect_export(const BatchRow& batch) const {
  UpdateExport update;
  update.phase = book_.phase(batch.phase).name;
  update.step = batch.step;
  const auto& data = book_.data(batch.phase);
  for (const GroupRow& row : load_rows<GroupRow>(
           book_.ledger(), GroupRow::prefix(batch.phase, batch.step))) {
    if (row.state != GroupState::kConsumed) continue;
    auto result = find_result(book_.ledger(), row);
    if (!result) continue;
    const PairRecord& pair = data[row.group.dispatch_index % data.size()];
    update.rows.push_back(row);
    update.results.push_back(std::move(*result));
    update.prompts.push_back(row.group.side == Side::kQuery ? pair.query
                                                            : pair.target);
    update.sources.push_back(pair.source);
    update.duplicate_ids.push_back(pair.duplicate_id);
    const auto known = [&](const RewardRow& r) {
      return r.cohort == row.cohort;
    };
    if (std::none_of(update.rewards.begin(), update.rewards.end(), known)) {
      auto reward = find_row<RewardRow>(book_.ledger(), key_number(row.cohort));
      if (reward) update.rewards.push_back(std::move(*reward));
    }
  }
  return update;
}

// Writes the trajectories of the next committed update to their file, and lets
// them go once no learner can need them again.
void Coordinator::export_next() {
  if (to_export_.empty()) return;
  BatchRow batch = to_export_.front();
  if (batch.state == BatchState::kCommitted && parts_.exporter) {
    parts_.exporter(collect_export(batch));
  }
  const bool keep = replayable(batch);
  if (!keep) {
    for (const GroupRow& row : load_rows<GroupRow>(
             book_.ledger(), GroupRow::prefix(batch.phase, batch.step))) {
      drop_result(book_.ledger(), row);
    }
  }
  batch.state = keep ? BatchState::kWritten : BatchState::kExported;
  put_row(book_.ledger(), batch);
  to_export_.pop_front();
}

}  // namespace ume
