#include "coordinator/worker_table.h"

#include <cmath>

namespace ume {
namespace {

constexpr size_t kMaxMetrics = 200;
constexpr size_t kMaxMetricNameBytes = 128;

}  // namespace

std::map<std::string, double> finite_only(
    const std::map<std::string, double>& metrics) {
  std::map<std::string, double> kept;
  for (const auto& [name, value] : metrics) {
    if (std::isfinite(value) && name.size() <= kMaxMetricNameBytes &&
        kept.size() < kMaxMetrics) {
      kept[name] = value;
    }
  }
  return kept;
}

WorkerState& WorkerTable::seen(Role role, int32_t index, double now) {
  WorkerState& worker = workers_[{role, index}];
  worker.last_seen = now;
  worker.last_asked = now;
  return worker;
}

WorkerState& WorkerTable::entry(Role role, int32_t index, double now) {
  WorkerState* known = find(role, index);
  return known != nullptr ? *known : seen(role, index, now);
}

WorkerState* WorkerTable::find(Role role, int32_t index) {
  const auto found = workers_.find({role, index});
  return found == workers_.end() ? nullptr : &found->second;
}

}  // namespace ume
