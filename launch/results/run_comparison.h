#pragma once

#include <optional>
#include <string>
#include <vector>

#include "actors/run/run_config.h"
#include "actors/run/run_directory.h"
#include "eval/report/compare_runs.h"

namespace ume {

// Folders of the runs that a report sets beside its own.
struct ComparedFolders {
  std::vector<std::string> seeds;
  std::optional<std::string> control;
  std::optional<std::string> reference;

  bool empty() const { return seeds.empty() && !control && !reference; }
};

// Reads the evaluations of all of them. A run without an SFT of its own must
// have started from this run's SFT model, whose evaluation is then its
// "before".
// Throws ConfigError, naming the folder and the setting, when a seed differs
// in more than run.seed, the control in more than reward.control, the
// reference in more than sft.data, or a seed occurs twice; InvalidInput when
// an evaluation is missing.
RunComparison read_comparison(const RunConfig& config,
                              const RunDirectory& directory,
                              const ComparedFolders& folders);

}  // namespace ume
