#pragma once

#include <functional>
#include <string>
#include <vector>

#include "common/clock/clock.h"
#include "coordinator/coordinator_config.h"
#include "coordinator/ledger/ledger_rows.h"
#include "coordinator/plan/run_plan.h"

namespace ume {

// What a coordinator tells its process, after the commit that it belongs to.
// Any may be empty.
struct CoordinatorHooks {
  std::function<void(const EventRow&)> on_event;
  // Each step of the run once: what rank 0 reported, with the batch's means.
  std::function<void(const std::string& phase,
                     uint64_t step,
                     const std::map<std::string, double>& metrics)>
      on_step;
  // Seconds since 1970, to stamp events for people.
  std::function<double()> wall_seconds;
};

// The constant facts of a run and its open transaction, shared by the parts of
// one coordinator.
class RunBook {
 public:
  // All are borrowed but the hooks.
  RunBook(const RunPlan& plan,
          const PhaseData& data,
          const CoordinatorConfig& config,
          Ledger& ledger);

  const RunPlan& plan() const { return plan_; }
  const PhasePlan& phase(uint32_t index) const { return plan_.phases[index]; }
  const std::vector<PairRecord>& data(uint32_t phase) const {
    return data_[phase];
  }
  const CoordinatorConfig& config() const { return config_; }
  Ledger& ledger() const { return ledger_; }

  const Counters& counters() const { return counters_; }
  // The counters, to change them in this transaction.
  Counters& count() {
    counters_changed_ = true;
    return counters_;
  }

  void set_hooks(CoordinatorHooks hooks) { hooks_ = std::move(hooks); }
  void event(const std::string& kind, const std::string& text);
  void step_done(uint32_t phase,
                 uint64_t step,
                 std::map<std::string, double> metrics);
  // Makes all of it durable, then tells the hooks.
  void commit();

  const std::vector<EventRow>& recent_events() const { return recent_; }

 private:
  const RunPlan& plan_;
  const PhaseData& data_;
  const CoordinatorConfig& config_;
  Ledger& ledger_;
  CoordinatorHooks hooks_;
  Counters counters_;
  bool counters_changed_ = false;
  std::vector<EventRow> recent_;  // the newest kMaxRecentEvents
  std::vector<EventRow> new_events_;
  struct DoneStep {
    uint32_t phase;
    uint64_t step;
    std::map<std::string, double> metrics;
  };
  std::vector<DoneStep> new_steps_;
};

}  // namespace ume
