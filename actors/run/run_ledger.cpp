#include "actors/run/run_ledger.h"

#include <algorithm>
#include <filesystem>

#include "common/error/error.h"
#include "coordinator/plan/stored_plan.h"

namespace ume {
namespace {

namespace fs = std::filesystem;

// Of names of steps: a larger number may have more digits.
bool is_earlier(const std::string& a, const std::string& b) {
  return a.size() != b.size() ? a.size() < b.size() : a < b;
}

// The newest whole checkpoint of the phase that got furthest, relative to the
// run's folder; empty: none.
std::string newest_checkpoint(const RunDirectory& directory) {
  for (const char* phase : {"grpo", "sft"}) {
    std::string newest;
    std::error_code error;
    for (const auto& entry :
         fs::directory_iterator(directory.checkpoints() / phase, error)) {
      const std::string name = entry.path().filename().string();
      const bool whole =
          name.starts_with("step_") && name.find('.') == std::string::npos;
      if (whole) newest = std::max(newest, name, is_earlier);
    }
    if (!newest.empty()) {
      return (directory.checkpoints().filename() / phase / newest).string();
    }
  }
  return "";
}

bool has_content(const fs::path& file) {
  std::error_code error;
  const auto size = fs::file_size(file, error);
  return !error && size > 0;
}

[[noreturn]] void refuse(const RunDirectory& directory,
                         const std::string& state,
                         const std::string& steps) {
  throw IoError(directory.ledger().string() + " is " + state + ", but " +
                steps +
                ": put it back from a copy, or start another run "
                "(run.directory=…)");
}

}  // namespace

std::string steps_on_disk(const RunDirectory& directory) {
  const std::string checkpoint = newest_checkpoint(directory);
  if (!checkpoint.empty()) return "checkpoints up to " + checkpoint + " exist";
  if (has_content(directory.metrics())) {
    return directory.metrics().filename().string() + " holds steps";
  }
  return "";
}

std::unique_ptr<SqliteLedger> open_run_ledger(const RunDirectory& directory) {
  const std::string steps = steps_on_disk(directory);
  const std::string path = directory.ledger().string();
  if (!steps.empty() && !has_content(path)) {
    refuse(directory, fs::exists(path) ? "empty" : "missing", steps);
  }
  SqliteLedgerOptions options;
  options.create = steps.empty();
  auto ledger = std::make_unique<SqliteLedger>(path, options);
  if (!steps.empty() && !has_plan(*ledger)) refuse(directory, "empty", steps);
  return ledger;
}

bool has_begun(const RunDirectory& directory) {
  if (!steps_on_disk(directory).empty()) return true;
  if (!has_content(directory.ledger())) return false;
  const std::unique_ptr<SqliteLedger> ledger = open_run_ledger(directory);
  const auto holds = [&](LedgerTable table) {
    return !ledger->tail(table, 1).empty();
  };
  return holds(LedgerTable::kSteps) || holds(LedgerTable::kTrajectories) ||
         holds(LedgerTable::kCheckpoints);
}

}  // namespace ume
