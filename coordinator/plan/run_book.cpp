#include "coordinator/plan/run_book.h"

namespace ume {
namespace {

constexpr size_t kMaxRecentEvents = 200;
constexpr size_t kMaxEventBytes = 500;

}  // namespace

RunBook::RunBook(const RunPlan& plan,
                 const PhaseData& data,
                 const CoordinatorConfig& config,
                 Ledger& ledger)
    : plan_(plan),
      data_(data),
      config_(config),
      ledger_(ledger),
      counters_(load_counters(ledger)),
      recent_(load_tail<EventRow>(ledger, kMaxRecentEvents)) {}

void RunBook::event(const std::string& kind, const std::string& text) {
  EventRow row;
  row.id = count().next_event++;
  row.wall_seconds = hooks_.wall_seconds ? hooks_.wall_seconds() : 0.0;
  row.kind = kind;
  row.text = text.substr(0, kMaxEventBytes);
  put_row(ledger_, row);
  new_events_.push_back(row);
  recent_.push_back(std::move(row));
  if (recent_.size() > kMaxRecentEvents) recent_.erase(recent_.begin());
}

void RunBook::step_done(uint32_t phase,
                        uint64_t step,
                        std::map<std::string, double> metrics) {
  new_steps_.push_back({phase, step, std::move(metrics)});
}

void RunBook::commit() {
  if (counters_changed_) put_counters(ledger_, counters_);
  counters_changed_ = false;
  ledger_.commit();
  const auto events = std::move(new_events_);
  const auto steps = std::move(new_steps_);
  new_events_.clear();
  new_steps_.clear();
  for (const EventRow& row : events) {
    if (hooks_.on_event) hooks_.on_event(row);
  }
  for (const DoneStep& done : steps) {
    if (!hooks_.on_step) continue;
    hooks_.on_step(phase(done.phase).name, done.step, done.metrics);
  }
}

}  // namespace ume
