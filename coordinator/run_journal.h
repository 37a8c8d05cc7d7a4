#pragma once

#include <functional>
#include <string>

#include "common/files/jsonl_writer.h"
#include "coordinator/run_book.h"

namespace ume {

// events.jsonl and metrics.jsonl of a run (docs/formats/run_directory.md): the
// ledger's events and steps, for people and programs that do not read ledgers.
class RunJournal {
 public:
  // wall_seconds: seconds since 1970. Throws IoError.
  RunJournal(const std::string& events_path,
             const std::string& metrics_path,
             std::function<double()> wall_seconds);

  // Appends what the ledger has and the files lack: a process that ends between
  // a commit and its lines leaves them to the next one. To be called before a
  // coordinator is made over the ledger.
  void catch_up(const Ledger& ledger, const RunPlan& plan);

  // Appends as things happen. The journal outlives the coordinator.
  CoordinatorHooks hooks();

 private:
  void append_event(const EventRow& event);
  void append_step(const std::string& phase,
                   uint64_t step,
                   const std::map<std::string, double>& metrics);

  const std::string events_path_;
  const std::string metrics_path_;
  const std::function<double()> wall_seconds_;
  JsonlWriter events_;
  JsonlWriter metrics_;
};

}  // namespace ume
