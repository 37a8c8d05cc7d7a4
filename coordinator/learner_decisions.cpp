#include "coordinator/learner_decisions.h"

#include <algorithm>

namespace ume {
namespace {

WorkRow item_of(const LearnerView& view, WorkKind kind, uint64_t step) {
  WorkRow row;
  row.kind = kind;
  row.phase = view.phase;
  row.step = step;
  return row;
}

WorkRow stop(const LearnerView& view, uint64_t step) {
  return item_of(view, WorkKind::kStop, step);
}

WorkRow begin_phase(const LearnerView& view) {
  WorkRow row = item_of(view, WorkKind::kBeginPhase, view.checkpoint_step);
  row.resume = view.checkpoint_folder;
  return row;
}

WorkRow save_checkpoint(const LearnerView& view, uint64_t step) {
  WorkRow row = item_of(view, WorkKind::kSaveCheckpoint, step);
  row.end_of_phase = step >= view.num_steps;
  return row;
}

// Up to the next checkpoint.
WorkRow sft_steps(const LearnerView& view, uint64_t step) {
  const uint64_t next_checkpoint =
      (step / view.checkpoint_every + 1) * view.checkpoint_every;
  WorkRow row = item_of(view, WorkKind::kSftSteps, step);
  row.num_steps = std::min(
      {view.sft_steps_per_item, next_checkpoint - step, view.num_steps - step});
  return row;
}

}  // namespace

uint64_t steps_after(const WorkRow& item) {
  return item.step + item.num_steps;
}

NextItem decide_next_item(const LearnerView& view) {
  if (!view.last) {
    if (view.all_phases_done || view.stopping) return stop(view, 0);
    return begin_phase(view);
  }
  const WorkRow& last = *view.last;
  if (last.kind == WorkKind::kStop) return stop(view, last.step);
  if (!view.last_completed) return WaitFor{"the other learner ranks"};
  if (last.damaged) {  // nothing was loaded, so there is nothing to save
    return view.stopping ? stop(view, last.step) : begin_phase(view);
  }
  const uint64_t step = steps_after(last);
  if (last.kind == WorkKind::kSaveCheckpoint) {
    if (view.all_phases_done || view.stopping) return stop(view, step);
    if (last.end_of_phase) return begin_phase(view);
  }
  const bool saved = step == view.checkpoint_step;
  if (step >= view.num_steps) return save_checkpoint(view, step);
  if (view.stopping) {
    if (saved) return stop(view, step);
    return save_checkpoint(view, step);
  }
  if (!saved && step % view.checkpoint_every == 0 &&
      last.kind != WorkKind::kBeginPhase) {
    return save_checkpoint(view, step);
  }
  if (!view.phase_is_grpo) return sft_steps(view, step);
  if (!view.batch_ready) return WaitFor{view.batch_waits_for};
  WorkRow update = item_of(view, WorkKind::kGrpoUpdate, step);
  update.num_steps = 1;
  return update;
}

}  // namespace ume
