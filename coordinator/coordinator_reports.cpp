// What the coordinator makes of the learner's reports.
#include <algorithm>
#include <cmath>

#include "common/error/check.h"
#include "coordinator/coordinator.h"

namespace ume {
namespace {

constexpr size_t kMaxHashBytes = 128;
constexpr size_t kMaxAddressBytes = 4096;

}  // namespace

bool Coordinator::publishes(const WorkRow& item) const {
  return book_.phase(item.phase).kind == PhaseKind::kGrpo &&
         (item.kind == WorkKind::kBeginPhase ||
          item.kind == WorkKind::kGrpoUpdate);
}

std::optional<std::string> Coordinator::find_fault(
    const WorkRow& item, const WorkDoneRequest& report) const {
  if (item.kind == WorkKind::kStop) return "a stop is not reported";
  if (report.rank != 0) return std::nullopt;
  if (!report.damage.empty()) {
    if (!item.resume.empty()) return std::nullopt;
    return "damage: the item loads no checkpoint";
  }
  if (report.step_metrics.size() > item.num_steps) {
    return "step_metrics: more than the item's " +
           std::to_string(item.num_steps) + " steps";
  }
  if (item.kind == WorkKind::kSaveCheckpoint &&
      (report.checkpoint_hash.empty() ||
       report.checkpoint_hash.size() > kMaxHashBytes)) {
    return "checkpoint_hash: missing or too long";
  }
  if (!publishes(item)) return std::nullopt;
  const WeightManifest& weights = report.weights;
  const PolicyVersion expected{
      base_update(parts_.plan, item.phase) + steps_after(item),
      log_.incarnation()};
  if (weights.version != expected) {
    return "weights.version: expected update " +
           std::to_string(expected.update) + " of incarnation " +
           std::to_string(expected.incarnation) + ", found " +
           std::to_string(weights.version.update) + " of " +
           std::to_string(weights.version.incarnation);
  }
  if (weights.hash.empty() || weights.hash.size() > kMaxHashBytes ||
      weights.address.size() > kMaxAddressBytes) {
    return "weights: hash missing, or a field is too long";
  }
  return std::nullopt;
}

Reply Coordinator::on(const WorkDoneRequest& report) {
  if (const auto why = log_.refusal(report.incarnation, report.rank)) {
    return RefusedReply{*why};
  }
  if (report.sequence >= log_.items().size()) {
    return RefusedReply{"item " + std::to_string(report.sequence) +
                        " is not in the log"};
  }
  const WorkRow item = log_.items()[report.sequence];
  if (const auto fault = find_fault(item, report)) {
    book_.event("report_refused",
                "learner rank " + std::to_string(report.rank) + ": " + *fault);
    return RefusedReply{*fault};
  }
  WorkerState& worker =
      workers_.seen(Role::kLearner, report.rank, clock_.now_seconds());
  if (!log_.mark_done(report.sequence, report.rank)) return AckReply{};
  ++worker.done;
  if (report.rank == 0) take_report(item, report);
  const WorkRow& marked = log_.items()[report.sequence];
  if (log_.completed(marked)) item_completed(marked);
  return AckReply{};
}

void Coordinator::take_report(const WorkRow& item,
                              const WorkDoneRequest& report) {
  live_metrics_.clear();
  if (!report.damage.empty()) {
    log_.mark_damaged(item.sequence);
    step_back(report.damage.substr(0, kMaxDamageBytes));
    return;
  }
  take_metrics(item, report);
  if (item.kind == WorkKind::kSftSteps) live_step_ = steps_after(item);
  if (publishes(item)) take_weights(report.weights);
  if (item.kind == WorkKind::kSaveCheckpoint) {
    take_checkpoint(item, report.checkpoint_hash);
    if (item.end_of_phase) step_rate_ = RateWindow();
  }
  if (item.kind != WorkKind::kBeginPhase) return;
  // The steps of another phase say nothing about this one's.
  step_rate_ = RateWindow();
  step_rate_.add(clock_.now_seconds(), 0.0);
  const std::string& name = book_.phase(item.phase).name;
  if (item.resume.empty() && item.step == 0 && consumed_steps_ == 0) {
    book_.event("phase_began", name);
  } else {
    book_.event("phase_resumed",
                name + " at step " + std::to_string(item.step));
  }
}

void Coordinator::take_metrics(const WorkRow& item,
                               const WorkDoneRequest& report) {
  std::map<std::string, double> of_batch;
  if (item.kind == WorkKind::kGrpoUpdate) {
    BatchRow key;
    key.phase = item.phase;
    key.step = item.step;
    const auto batch = find_row<BatchRow>(book_.ledger(), key.key());
    if (batch) of_batch = batch->metrics;
  }
  for (size_t i = 0; i < report.step_metrics.size(); ++i) {
    StepRow row;
    row.phase = item.phase;
    row.step = item.step + i;
    row.metrics = finite_only(report.step_metrics[i]);
    row.metrics.insert(of_batch.begin(), of_batch.end());
    const bool known = find_row<StepRow>(book_.ledger(), row.key()).has_value();
    put_row(book_.ledger(), row);
    curve_.add(row.phase, row.step, row.metrics);
    if (!known) book_.step_done(row.phase, row.step, row.metrics);
  }
  if (item.num_steps > 0) {
    step_rate_.add(clock_.now_seconds(), static_cast<double>(item.num_steps));
  }
}

void Coordinator::take_weights(const WeightManifest& weights) {
  VersionRow row{weights};
  const auto before = find_row<VersionRow>(book_.ledger(), row.key());
  if (before && before->weights.hash != weights.hash) {
    book_.event("weights_differ",
                "update " + std::to_string(weights.version.update) +
                    ": incarnation " +
                    std::to_string(weights.version.incarnation) +
                    " has other weights than incarnation " +
                    std::to_string(before->weights.version.incarnation));
  }
  put_row(book_.ledger(), row);
  book_.ledger().put(LedgerTable::kMeta, "weights", row.key());
  weights_ = weights;
}

void Coordinator::take_checkpoint(const WorkRow& item,
                                  const std::string& hash) {
  CheckpointRow row;
  row.phase = item.phase;
  row.step = item.step;
  row.folder = checkpoint_folder(book_.phase(item.phase), item.step);
  row.hash = hash;
  row.end_of_phase = item.end_of_phase;
  put_row(book_.ledger(), row);
  book_.event("checkpoint_committed", row.folder);
  const uint64_t floor = replay_floor();
  for (BatchRow batch :
       load_rows<BatchRow>(book_.ledger(), BatchRow::prefix(item.phase))) {
    if (batch.step >= item.step) continue;
    const bool fresh = batch.state == BatchState::kConsumed;
    if (fresh) {
      batch.state = BatchState::kCommitted;
      put_row(book_.ledger(), batch);
    }
    const bool over = batch.state == BatchState::kWritten &&
                      (row.end_of_phase || batch.step < floor);
    if (fresh || over) to_export_.push_back(batch);
  }
  checkpoint_ = row;
  if (!row.end_of_phase) return;
  book_.event("phase_ended", book_.phase(item.phase).name);
  ends_.push_back(row);
  checkpoint_.reset();
  consumed_steps_ = 0;
  ++phase_;
  if (all_phases_done()) book_.event("training_done", "all phases are done");
}

// The step of the current phase before which no update will be replayed: the
// newest checkpoint may turn out damaged, and then the one before is taken.
uint64_t Coordinator::replay_floor() const {
  const auto saved =
      load_rows<CheckpointRow>(book_.ledger(), CheckpointRow::prefix(phase_));
  return saved.size() < 2 ? 0 : saved[saved.size() - 2].step;
}

bool Coordinator::can_replay_from(uint64_t step) const {
  const auto batches =
      load_rows<BatchRow>(book_.ledger(), BatchRow::prefix(phase_));
  return std::none_of(
      batches.begin(), batches.end(), [&](const BatchRow& batch) {
        return batch.step >= step && batch.state == BatchState::kExported;
      });
}

// The newest checkpoint cannot be loaded: the one before, or the phase's
// start, becomes the newest, and the learner replays from there what the
// ledger still has.
void Coordinator::step_back(const std::string& why) {
  auto saved =
      load_rows<CheckpointRow>(book_.ledger(), CheckpointRow::prefix(phase_));
  UME_CHECK(!saved.empty(), "a phase is resumed from a checkpoint");
  const CheckpointRow damaged = saved.back();
  saved.pop_back();
  const uint64_t step = saved.empty() ? 0 : saved.back().step;
  const std::string name = current_phase().name;
  if (!can_replay_from(step)) {
    fail("checkpoint " + damaged.folder + " is damaged (" + why +
         "), and the trajectories of phase " + name + " since step " +
         std::to_string(step) +
         " are no longer in the ledger. Put the folder back from a copy and "
         "go on with --resume, or start another run");
    return;
  }
  book_.event("checkpoint_damaged",
              "checkpoint " + damaged.folder + " is damaged: " + why);
  book_.ledger().erase(LedgerTable::kCheckpoints, damaged.key());
  checkpoint_.reset();
  if (!saved.empty()) checkpoint_ = saved.back();
  book_.event("checkpoint_stepped_back",
              "phase " + name + " goes on from " +
                  (saved.empty() ? "its start" : saved.back().folder) +
                  " and trains its steps since then again");
}

void Coordinator::item_completed(const WorkRow& item) {
  if (publishes(item) && !item.damaged) open_batch_if_due();
}

// Sends out the next update's groups once its weights are published, or goes on
// with those that are out when a new learner has caught up with them.
void Coordinator::open_batch_if_due() {
  if (learner_step() != consumed_steps_ ||
      consumed_steps_ >= current_phase().num_steps || !weights_) {
    return;
  }
  if (!groups_.is_open()) {
    groups_.open(phase_, consumed_steps_, *weights_);
    cohorts_.load();
    return;
  }
  if (!groups_.renew_weights(*weights_)) return;
  cohorts_.discard_rewards();
  book_.event("groups_stale", "groups of step " +
                                  std::to_string(groups_.step()) +
                                  " are sampled anew, as the weights differ");
}

Reply Coordinator::on(const ProgressRequest& request) {
  if (const auto why = log_.refusal(request.incarnation, request.rank)) {
    return RefusedReply{*why};
  }
  workers_.seen(Role::kLearner, request.rank, clock_.now_seconds());
  const WorkRow* item = log_.last();
  // Others are late: of an item before, or of one that is reported by now.
  const bool fresh = item != nullptr && !log_.completed(*item) &&
                     item->kind == WorkKind::kSftSteps &&
                     request.done > std::max(item->step, live_step_) &&
                     request.done <= steps_after(*item);
  if (request.rank != 0 || !fresh) return AckReply{};
  live_step_ = request.done;
  live_metrics_ = finite_only(request.metrics);
  return AckReply{};
}

void Coordinator::forget_progress() {
  live_step_ = 0;
  live_metrics_.clear();
}

}  // namespace ume
