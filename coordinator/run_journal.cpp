#include "coordinator/run_journal.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

namespace ume {
namespace {

using nlohmann::json;

// The objects in a file of whole lines.
template <class Visit>
void for_each_object(const std::string& path, const Visit& visit) {
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) {
    visit(json::parse(line, nullptr, false));
  }
}

// The first event that the file lacks.
uint64_t next_event(const std::string& path) {
  uint64_t next = 0;
  for_each_object(path, [&](const json& event) {
    // Files from before events had numbers hold all of them in order.
    next = event.is_object() ? event.value("id", next) + 1 : next + 1;
  });
  return next;
}

std::set<std::pair<std::string, uint64_t>> steps_in(const std::string& path) {
  std::set<std::pair<std::string, uint64_t>> steps;
  for_each_object(path, [&](const json& row) {
    if (!row.is_object()) return;
    steps.emplace(row.value("phase", ""), row.value("step", uint64_t{0}));
  });
  return steps;
}

}  // namespace

RunJournal::RunJournal(const std::string& events_path,
                       const std::string& metrics_path,
                       std::function<double()> wall_seconds)
    : events_path_(events_path),
      metrics_path_(metrics_path),
      wall_seconds_(std::move(wall_seconds)),
      events_(events_path),
      metrics_(metrics_path) {}

void RunJournal::catch_up(const Ledger& ledger, const RunPlan& plan) {
  const uint64_t next = next_event(events_path_);
  for (const EventRow& event : load_rows<EventRow>(ledger)) {
    if (event.id >= next) append_event(event);
  }
  const auto written = steps_in(metrics_path_);
  for (const StepRow& row : load_rows<StepRow>(ledger)) {
    const std::string& phase = plan.phases.at(row.phase).name;
    if (written.count({phase, row.step}) > 0) continue;
    append_step(phase, row.step, row.metrics);
  }
}

CoordinatorHooks RunJournal::hooks() {
  CoordinatorHooks hooks;
  hooks.wall_seconds = wall_seconds_;
  hooks.on_event = [this](const EventRow& event) { append_event(event); };
  hooks.on_step = [this](const std::string& phase, uint64_t step,
                         const std::map<std::string, double>& metrics) {
    append_step(phase, step, metrics);
  };
  return hooks;
}

void RunJournal::append_event(const EventRow& event) {
  const json row = {{"id", event.id},
                    {"time", event.wall_seconds},
                    {"kind", event.kind},
                    {"text", event.text}};
  events_.append(row.dump(-1, ' ', false, json::error_handler_t::replace));
}

void RunJournal::append_step(const std::string& phase,
                             uint64_t step,
                             const std::map<std::string, double>& metrics) {
  json row = metrics;
  row["phase"] = phase;
  row["step"] = step;
  row["time"] = wall_seconds_();
  metrics_.append(row.dump());
}

}  // namespace ume
