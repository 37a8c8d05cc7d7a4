#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "coordinator/ledger_rows.h"

namespace ume {

// Metrics of a phase's steps, thinned out for drawing.
struct MetricCurve {
  std::string phase;
  std::vector<uint64_t> steps;                        // of the phase, 1-based
  std::map<std::string, std::vector<double>> series;  // NaN: not reported
};

// Keeps every step's metrics in memory, by phase.
class CurveStore {
 public:
  void add(uint32_t phase,
           uint64_t step,
           const std::map<std::string, double>& metrics);
  // At most max_points steps, evenly spread, the newest among them.
  MetricCurve curve(uint32_t phase,
                    const std::string& name,
                    size_t max_points) const;
  // Of the newest step; empty: none yet.
  std::map<std::string, double> newest(uint32_t phase) const;

 private:
  std::map<uint32_t, std::map<uint64_t, std::map<std::string, double>>> steps_;
};

struct PhaseStatus {
  std::string name;
  std::string kind;  // "sft" or "grpo"
  uint64_t steps_done = 0;
  uint64_t num_steps = 0;
  bool finished = false;
};

struct RoleStatus {
  std::string role;
  int32_t index = 0;
  bool silent = false;  // not heard of for longer than heartbeat_seconds
  double seconds_since_seen = 0.0;
  std::string waiting_for;
  int64_t restarts = 0;
  int64_t done = 0;
  std::map<std::string, double> metrics = {};  // the process's own
  bool hung = false;  // at its work for longer than it may
  int64_t pid = 0;    // 0: not known
};

// All that people see of a run; docs/formats/status.md describes the JSON.
struct StatusSnapshot {
  std::string run_id;
  // "waiting" (for the learner), "running", "stopping", "stopped", "failed" or
  // "done".
  std::string state;
  std::string reason;  // of stopping, stopped and failed
  bool training_done = false;
  int64_t phase_index = 0;  // current; the last one when done
  std::vector<PhaseStatus> phases;
  std::string activity;         // what the learner does or waits for
  uint64_t replayed_until = 0;  // > 0: updates are replayed up to this step
  uint32_t incarnation = 0;
  PolicyVersion weights;
  std::string weight_hash;
  double steps_per_second = 0.0;
  double groups_per_second = 0.0;
  double tokens_per_second = 0.0;
  std::optional<double> seconds_left;     // of the current phase
  std::map<std::string, double> metrics;  // of the newest step
  std::map<std::string, int64_t> groups;  // of the open update, by state
  int64_t cohorts = 0;
  int64_t cohorts_ready = 0;
  int64_t cohorts_rewarded = 0;
  int64_t updates_to_export = 0;
  std::optional<CheckpointRow> checkpoint;
  std::string checkpoint_phase;
  std::vector<MetricCurve> curves;
  std::vector<RoleStatus> roles;
  Counters counters;
  std::vector<EventRow> events;  // newest last
};

std::string to_json(const StatusSnapshot& status);

}  // namespace ume
