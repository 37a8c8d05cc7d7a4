#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "eval/report/report_input.h"

namespace ume {

// When a learner began to work on a phase, or to go on with it.
struct PhaseStart {
  std::string phase;
  double wall_seconds = 0.0;
};

// From a run's events.jsonl: phase_began and phase_resumed, in order; none
// when the file is not there. Lines that are no events are passed over.
std::vector<PhaseStart> read_phase_starts(const std::filesystem::path& events);

// The time and tokens of a phase: from each start to the last step that was
// recorded before the next start. What lies between a last step and the next
// start (a run that was stopped, a learner that was started again) counts
// nothing.
//   steps: lines of metrics.jsonl, with `time` and `tokens`, in any order.
PhaseTime phase_time(const std::string& phase,
                     const std::vector<PhaseStart>& starts,
                     const std::vector<StepRecord>& steps);

}  // namespace ume
