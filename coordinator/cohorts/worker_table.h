#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "common/types/messages.h"

namespace ume {

// What the coordinator has seen of one process since it started itself.
struct WorkerState {
  std::string start;  // of its registration; empty: it has not registered
  int64_t pid = 0;    // of its registration; 0: not known
  double last_seen = 0.0;
  double last_asked = 0.0;       // by its own loop: renewals do not count
  double longest_seconds = 0.0;  // that its work may take, by its own word
  std::string waiting_for;       // last answer, when that was to wait
  int64_t restarts = 0;
  int64_t strikes = 0;  // spoilt groups in a row
  double barred_until = 0.0;
  int64_t done = 0;                       // groups, cohorts or items
  std::map<std::string, double> metrics;  // the process's own, by name
};

// Of what a process reported: numbers that are finite, under names and in a
// number that are bounded.
std::map<std::string, double> finite_only(
    const std::map<std::string, double>& metrics);

// All roles' processes by role and index. Not kept over a restart.
class WorkerTable {
 public:
  // It has asked for or reported something.
  WorkerState& seen(Role role, int32_t index, double now);
  // Its entry; one that was never heard of counts as seen now.
  WorkerState& entry(Role role, int32_t index, double now);
  // Null when it was never heard of.
  WorkerState* find(Role role, int32_t index);
  const std::map<std::pair<Role, int32_t>, WorkerState>& all() const {
    return workers_;
  }

 private:
  std::map<std::pair<Role, int32_t>, WorkerState> workers_;
};

}  // namespace ume
