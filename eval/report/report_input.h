#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "eval/metrics/bootstrap.h"
#include "eval/report/eval_summary.h"

// What a report shows. Plain values: from a run's folder (load_report_input)
// or made by hand.
namespace ume {

// One line of metrics.jsonl: {"phase", "step", NAME: number, …}.
struct StepRecord {
  std::string phase;
  int64_t step = 0;
  std::map<std::string, double> values;
};

// What one model said to an example's query.
struct ExampleAnswer {
  std::string completion;
  std::string top_candidate;
  bool correct = false;
  std::optional<double> reward;
};

struct ExampleTrajectory {
  std::string task;
  std::string query;
  std::string expected;
  std::string picture;   // PNG bytes; empty: none
  ExampleAnswer before;  // GRPO
  ExampleAnswer after;
};

struct PhaseTime {
  std::string phase;
  double seconds = 0.0;
  int64_t tokens = 0;  // processed; 0: not counted
};

// Generative main metric over the tasks that must be worked out, before and
// after GRPO, in one run.
struct GrpoEffect {
  std::string label;  // e.g. "seed 1"
  Estimate before;
  Estimate after;
  Estimate change;  // paired
};

struct ReportInput {
  std::string title;
  std::string subtitle;
  std::vector<EvalSummary> stages;  // in the order of training
  std::vector<StepRecord> metrics;
  std::vector<ExampleTrajectory> examples;
  std::vector<PhaseTime> times;
  std::vector<GrpoEffect> seeds;
  std::optional<GrpoEffect> control;  // the same with shuffled rewards
  // Generative main metric after SFT on careful traces alone: the upper
  // reference.
  std::optional<Estimate> clean;
  std::vector<std::string> notes;  // sentences, shown after the computed ones
};

// Throws InvalidInput when the two were evaluated on different queries or
// have none that must be worked out.
GrpoEffect grpo_effect(const std::string& label,
                       const EvalSummary& before,
                       const EvalSummary& after,
                       const BootstrapOptions& options = {});

// Reads what a run's folder holds; all but one evaluation may be missing:
//   eval/STAGE.json      evaluations (base, sft, grpo first, then by name)
//   metrics.jsonl        numbers per step
//   eval/examples.json   [{task, query, expected, picture: path below the
//                        folder, before: {completion, top_candidate, correct,
//                        reward}, after}]
//   eval/context.json    {title, subtitle, times: [{phase, seconds, tokens}],
//                        seeds: [{label, before, after, change}], control,
//                        clean, notes}; an estimate is {mean, low, high}
// Throws InvalidInput, naming file and what was expected; IoError.
ReportInput load_report_input(const std::string& run_folder);

// The JSON of eval/context.json and of eval/examples.json, for whoever writes
// them. picture_paths: one per example, below the run's folder; may be empty.
std::string context_json(const ReportInput& input);
std::string examples_json(const std::vector<ExampleTrajectory>& examples,
                          const std::vector<std::string>& picture_paths);

}  // namespace ume
