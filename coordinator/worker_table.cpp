#include "coordinator/worker_table.h"

namespace ume {

WorkerState& WorkerTable::seen(Role role, int32_t index, double now) {
  WorkerState& worker = workers_[{role, index}];
  worker.last_seen = now;
  return worker;
}

WorkerState* WorkerTable::find(Role role, int32_t index) {
  const auto found = workers_.find({role, index});
  return found == workers_.end() ? nullptr : &found->second;
}

}  // namespace ume
