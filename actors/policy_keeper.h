#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "reward/reward_pipeline.h"

namespace ume {

// Where a policy comes from.
struct PolicySource {
  std::string path;  // the file that people change
  // Makes the policy that it names. Throws ConfigError.
  std::function<RewardPipeline()> load;
  // Of the policy that was accepted last, where there is such a file: roles
  // start from it while the other cannot be used.
  std::string accepted_path = {};
  std::function<RewardPipeline()> load_accepted = {};
  // Keeps what `load` has read last as accepted.
  std::function<void()> accept = {};
};

// The reward policy in force, loaded anew when its file changes or a flag is
// set. Used by one thread.
class PolicyKeeper {
 public:
  // One that never changes.
  explicit PolicyKeeper(RewardPipeline pipeline);
  // now: set by a signal handler to load at once; cleared here; borrowed.
  // Throws what `load` throws when there is no accepted policy either.
  PolicyKeeper(PolicySource source, std::atomic<bool>& now);

  const RewardPipeline& pipeline() const { return *pipeline_; }
  // When the policy in force came to be, ns since 1970: the newest change of
  // its file or of a plug-in.
  int64_t policy_time() const { return policy_time_; }

  // To be called between two cohorts. A file that is still being written (it
  // changed less than a second ago) is left for the next call. A policy that
  // cannot be loaded leaves the old one in force. Returns what happened, for
  // the run's events; empty: nothing.
  std::string refresh();

  uint64_t num_reloads() const { return num_reloads_; }
  uint64_t num_refused() const { return num_refused_; }

 private:
  void start();
  std::string load_again();

  const PolicySource source_;
  std::atomic<bool>* const now_ = nullptr;
  std::unique_ptr<const RewardPipeline> pipeline_;
  int64_t policy_time_ = 0;
  int64_t seen_ = 0;  // change time of the file when it was last looked at
  std::string note_;  // of the start, not told yet
  uint64_t num_reloads_ = 0;
  uint64_t num_refused_ = 0;
};

}  // namespace ume
