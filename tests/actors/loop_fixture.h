#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "actors/run/run_config.h"
#include "coordinator/ledger/ledger.h"

namespace ume {

// A run in a temporary folder: a randomly initialised model of the example's
// tiny shape, a few text pairs, a short configuration.
class LoopFixture {
 public:
  LoopFixture();
  ~LoopFixture();
  LoopFixture(const LoopFixture&) = delete;
  LoopFixture& operator=(const LoopFixture&) = delete;

  const std::filesystem::path& folder() const { return folder_; }
  const RunConfig& config() const { return config_; }

 private:
  std::filesystem::path folder_;
  RunConfig config_;
};

struct LoopFaults {
  // A rollout worker that leaves after so many groups, its lease unanswered;
  // another takes its place. 0: none.
  int rollout_leaves_after = 0;
};

struct LoopOutcome {
  bool training_done = false;
  std::string failure;
  std::string ledger_digest;
  std::vector<std::string> broken_rules;  // of the ledger
  std::string final_weight_hash;          // of the last published version
};

// The whole loop in this process: coordinator, two rollout workers, the reward
// service and two learner ranks as threads, over in-memory transport.
LoopOutcome run_loop(const RunConfig& config,
                     const std::filesystem::path& run_folder,
                     Ledger& ledger,
                     const LoopFaults& faults = {});

}  // namespace ume
