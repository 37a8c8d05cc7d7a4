#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "common/clock/clock.h"
#include "coordinator/cohorts/cohort_board.h"
#include "coordinator/cohorts/group_board.h"
#include "coordinator/plan/batch_plan.h"
#include "coordinator/plan/learner_decisions.h"
#include "coordinator/plan/learner_log.h"
#include "coordinator/plan/run_book.h"
#include "coordinator/progress/rate_window.h"
#include "coordinator/progress/saturation_watch.h"
#include "coordinator/progress/status.h"
#include "coordinator/progress/trajectory_export.h"

namespace ume {

// The job state machine: which phase runs, who samples which group, what is
// scored, what the learner does next. Single-threaded; no sockets, no sleeping.
//
// consumes: requests of the roles; produces: replies and, before them, durable
// rows in the ledger. Waits for nothing. Everything that must outlive the
// process is in the ledger: a coordinator constructed over the ledger of a dead
// one goes on where that one committed last, and live roles just continue.
class Coordinator {
 public:
  struct Parts {
    RunPlan plan;
    PhaseData data;
    CoordinatorConfig config;
    CoordinatorHooks hooks;
    TrajectoryExporter exporter;  // may be empty: trajectories are let go
  };

  // Ledger and clock are borrowed. Throws ConfigError for a plan that cannot
  // work or that the ledger's run was not started with.
  Coordinator(Parts parts, Ledger& ledger, const Clock& clock);

  // Never throws for what a request holds. Throws IoError when the ledger
  // fails: no reply may be sent then, and the process should end.
  Reply handle(const Request& request);
  // The same, with one commit for all.
  std::vector<Reply> handle_all(std::span<const Request> requests);
  // To be called about ten times a second: ends leases that are over and
  // exports the trajectories of one update that a checkpoint has made final.
  void tick();

  StatusSnapshot status() const;
  // All training phases are finished and their trajectories exported.
  bool training_done() const;
  // The stop that was asked for is complete: roles have leave to end.
  bool stopped() const;
  // Why the run cannot go on, or nothing.
  const std::optional<std::string>& failure() const { return failure_; }

 private:
  Reply on(const RegisterRequest& request);
  Reply on(const LeaseRequest& request);
  Reply on(const RenewRequest& request);
  Reply on(const GroupResultRequest& request);
  Reply on(const CohortRequest& request);
  Reply on(const RewardResultRequest& request);
  Reply on(const WorkRequest& request);
  Reply on(const WorkDoneRequest& request);
  Reply on(const ProgressRequest& request);
  Reply on(const StatusRequest& request);
  Reply on(const ShutdownRequest& request);

  void resume();
  void advance();
  void note(Role role, int32_t index, Reply& reply);
  std::optional<Reply> halted() const;
  void fail(const std::string& reason);

  // Phases and the learner's log.
  bool all_phases_done() const { return phase_ == book_.plan().phases.size(); }
  const PhasePlan& current_phase() const { return book_.plan().phases[phase_]; }
  uint64_t learner_step() const;
  LearnerView learner_view() const;
  Reply work_reply(const WorkRow& item, int32_t rank);
  GrpoUpdateItem update_item(const WorkRow& item, int32_t rank);
  BeginPhaseItem begin_item(const WorkRow& item) const;
  void consume_batch(uint64_t step);
  void mark_consumed(const std::vector<PlanGroup>& groups);
  std::string model_of_phase(uint32_t phase) const;
  std::string absolute(const std::string& folder) const;

  // What a finished item brings.
  std::optional<std::string> find_fault(const WorkRow& item,
                                        const WorkDoneRequest& report) const;
  bool publishes(const WorkRow& item) const;
  void take_report(const WorkRow& item, const WorkDoneRequest& report);
  void take_metrics(const WorkRow& item, const WorkDoneRequest& report);
  void take_weights(const WeightManifest& weights);
  void take_checkpoint(const WorkRow& item, const std::string& hash);
  void step_back(const std::string& why);
  bool can_replay_from(uint64_t step) const;
  uint64_t replay_floor() const;
  void item_completed(const WorkRow& item);
  void forget_progress();
  void open_batch_if_due();

  void show_state(StatusSnapshot& status) const;
  void show_progress(StatusSnapshot& status) const;
  void show_roles(StatusSnapshot& status) const;
  bool hangs(Role role, const WorkerState& worker) const;

  // Groups of the open update may be leased now.
  bool sampling() const;
  bool replayable(const BatchRow& batch) const;
  UpdateExport collect_export(const BatchRow& batch) const;
  void export_next();

  Parts parts_;
  const Clock& clock_;
  RunBook book_;
  WorkerTable workers_;
  LearnerLog log_;
  GroupBoard groups_;
  CohortBoard cohorts_;

  uint32_t phase_ = 0;               // first that has no last checkpoint
  std::vector<CheckpointRow> ends_;  // last checkpoints of finished phases
  std::optional<CheckpointRow> checkpoint_;  // newest of the current phase
  uint64_t consumed_steps_ = 0;              // grpo: updates with a plan
  std::optional<WeightManifest> weights_;    // newest published
  std::deque<BatchRow> to_export_;
  std::optional<std::string> stopping_;
  std::optional<std::string> failure_;

  // For display only; not kept over a restart.
  uint64_t live_step_ = 0;  // of the phase, inside the newest item; 0: not told
  std::map<std::string, double> live_metrics_;
  SaturationWatch saturation_;
  RateWindow step_rate_;
  RateWindow group_rate_;
  RateWindow token_rate_;
  CurveStore curve_;
};

}  // namespace ume
