#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "common/files/jsonl_writer.h"
#include "common/metrics/tensorboard_writer.h"
#include "coordinator/plan/run_book.h"

namespace ume {

// Where a run's journal is (docs/formats/run_directory.md).
struct JournalPaths {
  std::string events;              // events.jsonl
  std::string metrics;             // metrics.jsonl
  std::string tensorboard_folder;  // made with the first step
};

// The ledger's events and steps, for people and programs that do not read
// ledgers: a line each, and a step's numbers as TensorBoard's scalars too, by
// the tag PHASE/NAME.
class RunJournal {
 public:
  // wall_seconds: seconds since 1970. Throws IoError.
  RunJournal(JournalPaths paths, std::function<double()> wall_seconds);

  // Appends what the ledger has and the files lack: a process that ends between
  // a commit and its lines leaves them to the next one. Scalars are written for
  // the steps that get a line. To be called before a coordinator is made over
  // the ledger. Throws IoError, and InvalidInput with file and line for a line
  // that is no journal's: what else the file holds would be a guess.
  void catch_up(const Ledger& ledger, const RunPlan& plan);

  // Appends as things happen. The journal outlives the coordinator, whose
  // requests throw IoError when it cannot write.
  CoordinatorHooks hooks();

 private:
  void append_event(const EventRow& event);
  void append_step(const std::string& phase,
                   uint64_t step,
                   const std::map<std::string, double>& metrics);
  void append_scalars(const std::string& phase,
                      uint64_t step,
                      const std::map<std::string, double>& metrics,
                      double wall_seconds);

  const JournalPaths paths_;
  const std::function<double()> wall_seconds_;
  JsonlWriter events_;
  JsonlWriter metrics_;
  std::optional<TensorBoardWriter> scalars_;  // of this start; none: no step
};

}  // namespace ume
