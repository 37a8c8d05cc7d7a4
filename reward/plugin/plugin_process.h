#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "common/clock/clock.h"
#include "common/process/helper_process.h"
#include "common/types/cohort.h"
#include "common/types/reward_table.h"
#include "common/wire/score_codec.h"
#include "reward/extension_config.h"

namespace ume {

// A plug-in in a child process, of one content for ever: a file that holds
// another is not started again. Not thread-safe.
class PluginProcess {
 public:
  // Starts it, so that a plug-in that cannot be loaded is found now. Throws
  // InvalidInput, IoError, Unavailable or DeadlineExceeded with the reason.
  PluginProcess(const ExtensionConfig& config, const std::string& programs);

  // Starts it again where it is gone, after a pause that doubles with every
  // failure in a row. Throws when it crashes, runs past timeout_ms or answers
  // what is not a reply; the process is gone then.
  RewardColumn score(const Cohort& input);

  // XXH3-128 of the shared object.
  const std::string& content() const { return content_; }
  // Until it may be started again.
  double blocked_seconds() const;
  uint64_t num_calls() const { return num_calls_; }
  uint64_t num_failures() const { return num_failures_; }
  uint64_t num_starts() const { return num_starts_; }

 private:
  void start(double timeout_seconds);
  void wait_for_turn(double timeout_seconds);
  ScoreReply ask(const Cohort& input, double timeout_seconds);
  void failed();

  const std::string path_;
  const std::string content_;
  const HelperCommand command_;
  const double timeout_seconds_;
  const double longest_pause_seconds_;
  const SystemClock clock_;
  std::unique_ptr<HelperProcess> process_;  // null: not running
  double start_at_ = 0.0;                   // not before
  uint64_t failures_in_row_ = 0;
  uint64_t num_calls_ = 0;
  uint64_t num_failures_ = 0;
  uint64_t num_starts_ = 0;
};

}  // namespace ume
