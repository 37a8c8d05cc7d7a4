#include "coordinator/learner_decisions.h"

#include <catch2/catch.hpp>

namespace ume {
namespace {

// A grpo phase of 10 steps, a checkpoint every 4, between two items.
LearnerView view_after(WorkKind kind, uint64_t step, uint64_t num_steps = 0) {
  LearnerView view;
  WorkRow last;
  last.kind = kind;
  last.step = step;
  last.num_steps = num_steps;
  view.last = last;
  view.last_completed = true;
  view.phase_is_grpo = true;
  view.num_steps = 10;
  view.checkpoint_every = 4;
  view.batch_waits_for = "groups";
  return view;
}

LearnerView after_update(uint64_t step) {
  return view_after(WorkKind::kGrpoUpdate, step, 1);
}

WorkRow item(const LearnerView& view) {
  const NextItem next = decide_next_item(view);
  REQUIRE(std::holds_alternative<WorkRow>(next));
  return std::get<WorkRow>(next);
}

}  // namespace

TEST_CASE("learner decisions: a new learner begins at the last checkpoint") {
  LearnerView view;
  view.checkpoint_step = 8;
  view.checkpoint_folder = "checkpoints/grpo/step_000008";
  const WorkRow begin = item(view);
  CHECK(begin.kind == WorkKind::kBeginPhase);
  CHECK(begin.step == 8);
  CHECK(begin.resume == "checkpoints/grpo/step_000008");
}

TEST_CASE("learner decisions: nothing new before all ranks are done") {
  LearnerView view = after_update(2);
  view.last_completed = false;
  view.batch_ready = true;
  CHECK(std::holds_alternative<WaitFor>(decide_next_item(view)));
}

TEST_CASE(
    "learner decisions: an update waits for its batch and says for what") {
  LearnerView view = after_update(4);
  const NextItem next = decide_next_item(view);
  REQUIRE(std::holds_alternative<WaitFor>(next));
  CHECK(std::get<WaitFor>(next).what == "groups");
  view.batch_ready = true;
  CHECK(item(view).kind == WorkKind::kGrpoUpdate);
  CHECK(item(view).step == 5);
}

TEST_CASE("learner decisions: a checkpoint comes before the next batch") {
  LearnerView view = after_update(3);
  view.batch_ready = true;
  const WorkRow save = item(view);
  CHECK(save.kind == WorkKind::kSaveCheckpoint);
  CHECK(save.step == 4);
  CHECK_FALSE(save.end_of_phase);
  view = view_after(WorkKind::kSaveCheckpoint, 4);
  view.checkpoint_step = 4;
  view.batch_ready = true;
  CHECK(item(view).kind == WorkKind::kGrpoUpdate);
}

TEST_CASE(
    "learner decisions: the last step has a checkpoint that ends the phase") {
  const WorkRow save = item(after_update(9));
  CHECK(save.kind == WorkKind::kSaveCheckpoint);
  CHECK(save.step == 10);
  CHECK(save.end_of_phase);
  // Also when an earlier stop has saved the last step without ending it.
  LearnerView view = view_after(WorkKind::kBeginPhase, 10);
  view.checkpoint_step = 10;
  CHECK(item(view).end_of_phase);
}

TEST_CASE("learner decisions: a stop saves what is new, and only that") {
  LearnerView view = after_update(5);
  view.checkpoint_step = 4;
  view.stopping = true;
  view.batch_ready = true;
  CHECK(item(view).kind == WorkKind::kSaveCheckpoint);
  view = view_after(WorkKind::kSaveCheckpoint, 6);
  view.checkpoint_step = 6;
  view.stopping = true;
  CHECK(item(view).kind == WorkKind::kStop);
  view = view_after(WorkKind::kBeginPhase, 6);
  view.checkpoint_step = 6;
  view.stopping = true;
  CHECK(item(view).kind == WorkKind::kStop);
}

TEST_CASE(
    "learner decisions: after a damaged checkpoint the phase begins from "
    "another one, and a stop saves nothing") {
  LearnerView view = view_after(WorkKind::kBeginPhase, 8);
  view.last->damaged = true;
  view.checkpoint_step = 4;
  view.checkpoint_folder = "checkpoints/grpo/step_000004";
  CHECK(item(view).kind == WorkKind::kBeginPhase);
  CHECK(item(view).step == 4);
  view.stopping = true;
  CHECK(item(view).kind == WorkKind::kStop);
}

TEST_CASE(
    "learner decisions: supervised items end at checkpoints and at the end") {
  const auto steps = [](uint64_t from) {
    LearnerView view = view_after(WorkKind::kSftSteps, 0, from);
    view.phase_is_grpo = false;
    view.num_steps = 25;
    view.checkpoint_every = 12;
    view.sft_steps_per_item = 10;
    view.checkpoint_step = from;  // just saved
    const WorkRow next = item(view);
    CHECK(next.kind == WorkKind::kSftSteps);
    CHECK(next.step == from);
    return next.num_steps;
  };
  CHECK(steps(1) == 10);
  CHECK(steps(5) == 7);    // up to the checkpoint at 12
  CHECK(steps(12) == 10);  // to 22
  CHECK(steps(20) == 4);   // up to 24
  CHECK(steps(24) == 1);   // the phase's last
}

TEST_CASE("learner decisions: after the last phase comes the stop") {
  LearnerView view = view_after(WorkKind::kSaveCheckpoint, 10);
  view.last->end_of_phase = true;
  view.all_phases_done = true;
  CHECK(item(view).kind == WorkKind::kStop);
  LearnerView fresh;
  fresh.all_phases_done = true;
  CHECK(item(fresh).kind == WorkKind::kStop);
}

}  // namespace ume
