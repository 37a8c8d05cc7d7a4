#pragma once

#include <string>
#include <vector>

#include "eval/report/eval_summary.h"
#include "eval/report/statistics.h"

namespace ume {

// The final table as plain text, at most 100 columns wide: per task, and over
// the tasks that must be worked out, one row per stage with disc, gen (both
// with intervals), oracle, pass@k, share of careful reasoning and of
// well-formed completions; then the paired differences.
//
// stages: in the order of the rows, e.g. base, sft, grpo.
std::string text_table(const std::vector<EvalSummary>& stages,
                       const BootstrapOptions& options);

// "Base", "SFT", "GRPO"; other stages as they are named.
std::string stage_title(const std::string& stage);

}  // namespace ume
