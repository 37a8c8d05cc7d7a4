#include "coordinator/progress/run_journal.h"

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "common/error/error.h"
#include "common/text/printable.h"

namespace ume {
namespace {

using nlohmann::json;

constexpr size_t kMaxQuotedBytes = 64;

// The objects in a file of whole lines. `visit` returns whether an object is
// one of ours; a line that holds none throws InvalidInput.
template <class Visit>
void for_each_object(const std::string& path,
                     const std::string& expected,
                     const Visit& visit) {
  std::ifstream file(path);
  std::string line;
  for (int64_t number = 1; std::getline(file, line); ++number) {
    const json row = json::parse(line, nullptr, false);
    if (row.is_object() && visit(row)) continue;
    throw InvalidInput(path + ":" + std::to_string(number) + ": expected " +
                       expected + ", found '" +
                       printable(line, kMaxQuotedBytes) +
                       "'; remove the line to go on");
  }
}

bool is_count(const json& row, const char* key) {
  const auto found = row.find(key);
  return found != row.end() && found->is_number_unsigned();
}

// The first event that the file lacks.
uint64_t next_event(const std::string& path) {
  uint64_t next = 0;
  for_each_object(path, "an event with its number `id`", [&](const json& row) {
    if (!is_count(row, "id")) return false;
    next = row["id"].get<uint64_t>() + 1;
    return true;
  });
  return next;
}

std::set<std::pair<std::string, uint64_t>> steps_in(const std::string& path) {
  std::set<std::pair<std::string, uint64_t>> steps;
  for_each_object(path, "a step with `phase` and `step`", [&](const json& row) {
    const auto phase = row.find("phase");
    if (phase == row.end() || !phase->is_string()) return false;
    if (!is_count(row, "step")) return false;
    steps.emplace(phase->get<std::string>(), row["step"].get<uint64_t>());
    return true;
  });
  return steps;
}

}  // namespace

RunJournal::RunJournal(JournalPaths paths, std::function<double()> wall_seconds)
    : paths_(std::move(paths)),
      wall_seconds_(std::move(wall_seconds)),
      events_(paths_.events),
      metrics_(paths_.metrics) {}

void RunJournal::catch_up(const Ledger& ledger, const RunPlan& plan) {
  const uint64_t next = next_event(paths_.events);
  for (const EventRow& event : load_rows<EventRow>(ledger)) {
    if (event.id >= next) append_event(event);
  }
  const auto written = steps_in(paths_.metrics);
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
  const double now = wall_seconds_();
  json row = metrics;
  row["phase"] = phase;
  row["step"] = step;
  row["time"] = now;
  // First: it is what says at the next start that the step is written.
  metrics_.append(row.dump());
  append_scalars(phase, step, metrics, now);
}

void RunJournal::append_scalars(const std::string& phase,
                                uint64_t step,
                                const std::map<std::string, double>& metrics,
                                double wall_seconds) {
  if (!scalars_) scalars_.emplace(paths_.tensorboard_folder, wall_seconds);
  for (const auto& [name, value] : metrics) {
    scalars_->add_scalar(phase + "/" + name, static_cast<float>(value),
                         static_cast<int64_t>(step), wall_seconds);
  }
}

}  // namespace ume
