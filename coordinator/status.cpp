#include "coordinator/status.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

namespace ume {

using nlohmann::json;

namespace {

// JSON has no NaN.
json number(double value) {
  return std::isfinite(value) ? json(value) : json(nullptr);
}

json numbers(const std::map<std::string, double>& values) {
  json out = json::object();
  for (const auto& [name, value] : values) out[name] = number(value);
  return out;
}

json phases_json(const StatusSnapshot& status) {
  json out = json::array();
  for (const PhaseStatus& phase : status.phases) {
    out.push_back({{"name", phase.name},
                   {"kind", phase.kind},
                   {"steps_done", phase.steps_done},
                   {"num_steps", phase.num_steps},
                   {"finished", phase.finished}});
  }
  return out;
}

json curves_json(const StatusSnapshot& status) {
  json out = json::array();
  for (const MetricCurve& curve : status.curves) {
    json series = json::object();
    for (const auto& [name, values] : curve.series) {
      json row = json::array();
      for (const double value : values) row.push_back(number(value));
      series[name] = std::move(row);
    }
    out.push_back({{"phase", curve.phase},
                   {"steps", curve.steps},
                   {"series", std::move(series)}});
  }
  return out;
}

json roles_json(const StatusSnapshot& status) {
  json out = json::array();
  for (const RoleStatus& role : status.roles) {
    out.push_back({{"role", role.role},
                   {"index", role.index},
                   {"silent", role.silent},
                   {"hung", role.hung},
                   {"pid", role.pid},
                   {"seconds_since_seen", number(role.seconds_since_seen)},
                   {"waiting_for", role.waiting_for},
                   {"restarts", role.restarts},
                   {"done", role.done},
                   {"metrics", numbers(role.metrics)}});
  }
  return out;
}

json counters_json(const Counters& c) {
  return {{"leases", c.leases},
          {"accepted", c.accepted},
          {"duplicates", c.duplicates},
          {"late", c.late},
          {"expired", c.expired},
          {"refused", c.refused},
          {"stale", c.stale},
          {"quarantined", c.quarantined},
          {"dropped_groups", c.dropped_groups},
          {"reward_retries", c.reward_retries},
          {"coordinator_starts", c.coordinator_starts},
          {"learner_starts", c.learner_starts},
          {"worker_restarts", c.worker_restarts},
          {"reward_restarts", c.reward_restarts}};
}

json events_json(const StatusSnapshot& status) {
  json out = json::array();
  for (const EventRow& event : status.events) {
    out.push_back({{"id", event.id},
                   {"time", number(event.wall_seconds)},
                   {"kind", event.kind},
                   {"text", event.text}});
  }
  return out;
}

json checkpoint_json(const StatusSnapshot& status) {
  if (!status.checkpoint) return nullptr;
  return {{"phase", status.checkpoint_phase},
          {"step", status.checkpoint->step},
          {"folder", status.checkpoint->folder},
          {"hash", status.checkpoint->hash}};
}

}  // namespace

void CurveStore::add(uint32_t phase,
                     uint64_t step,
                     const std::map<std::string, double>& metrics) {
  steps_[phase][step] = metrics;
}

MetricCurve CurveStore::curve(uint32_t phase,
                              const std::string& name,
                              size_t max_points) const {
  MetricCurve curve;
  curve.phase = name;
  const auto found = steps_.find(phase);
  if (found == steps_.end()) return curve;
  const auto& steps = found->second;
  const size_t stride = (steps.size() + max_points - 1) / max_points;
  std::set<std::string> names;
  std::vector<const std::map<std::string, double>*> kept;
  size_t from_end = steps.size();
  for (const auto& [step, metrics] : steps) {
    if (--from_end % stride != 0) continue;
    curve.steps.push_back(step + 1);
    kept.push_back(&metrics);
    for (const auto& [metric, value] : metrics) names.insert(metric);
  }
  for (const std::string& metric : names) {
    auto& values = curve.series[metric];
    for (const auto* metrics : kept) {
      const auto value = metrics->find(metric);
      values.push_back(value == metrics->end()
                           ? std::numeric_limits<double>::quiet_NaN()
                           : value->second);
    }
  }
  return curve;
}

std::map<std::string, double> CurveStore::newest(uint32_t phase) const {
  const auto found = steps_.find(phase);
  if (found == steps_.end() || found->second.empty()) return {};
  return found->second.rbegin()->second;
}

std::string to_json(const StatusSnapshot& status) {
  const json out = {
      {"run_id", status.run_id},
      {"state", status.state},
      {"reason", status.reason},
      {"training_done", status.training_done},
      {"phase_index", status.phase_index},
      {"phases", phases_json(status)},
      {"activity", status.activity},
      {"replayed_until", status.replayed_until},
      {"incarnation", status.incarnation},
      {"weights",
       {{"update", status.weights.update},
        {"incarnation", status.weights.incarnation},
        {"hash", status.weight_hash}}},
      {"rates",
       {{"steps_per_second", number(status.steps_per_second)},
        {"groups_per_second", number(status.groups_per_second)},
        {"tokens_per_second", number(status.tokens_per_second)}}},
      {"seconds_left",
       status.seconds_left ? number(*status.seconds_left) : json(nullptr)},
      {"metrics", numbers(status.metrics)},
      {"groups", status.groups},
      {"cohorts",
       {{"all", status.cohorts},
        {"ready", status.cohorts_ready},
        {"rewarded", status.cohorts_rewarded}}},
      {"updates_to_export", status.updates_to_export},
      {"checkpoint", checkpoint_json(status)},
      {"curves", curves_json(status)},
      {"roles", roles_json(status)},
      {"counters", counters_json(status.counters)},
      {"events", events_json(status)}};
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace ume
