#pragma once

#include <optional>
#include <string>
#include <vector>

#include "eval/report/report_input.h"
#include "eval/report/statistics.h"

// The numbers that several sections quote, computed once.
namespace ume::html {

struct StageFindings {
  std::string stage;
  std::string title;
  // Over the tasks that must be worked out; over all tasks where none must.
  TaskSummary pool;
  TaskStatistics pooled;
  std::vector<TaskStatistics> tasks;
};

struct Findings {
  bool pool_is_worked_out = false;
  std::vector<StageFindings> stages;    // at least one
  std::optional<size_t> sft;            // index into stages
  std::optional<size_t> grpo;           // index into stages
  std::optional<Estimate> grpo_gain;    // generative, paired
  std::optional<Estimate> disc_change;  // of GRPO, paired

  const StageFindings& last() const { return stages.back(); }
};

// Throws InvalidInput when no stage has a query.
Findings find(const ReportInput& input, const BootstrapOptions& options);

}  // namespace ume::html
