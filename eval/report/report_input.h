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
  std::string picture;   // bytes of a PNG, JPEG or WebP; empty: none
  ExampleAnswer before;  // GRPO
  ExampleAnswer after;
};

struct PhaseTime {
  std::string phase;
  double seconds = 0.0;
  int64_t tokens = 0;  // processed; 0: not counted
};

// What GRPO does to a run, over the tasks that must be worked out.
struct GrpoEffect {
  std::string label;  // e.g. "seed 1"
  Estimate before;    // generative main metric
  Estimate after;
  Estimate change;  // paired
  // Discriminative main metric afterwards, and the share of careful reasoning
  // before and after.
  std::optional<Estimate> disc;
  std::optional<Estimate> careful_before;
  std::optional<Estimate> careful_after;
};

struct ReportInput {
  std::string title;
  std::string subtitle;
  std::vector<EvalSummary> stages;  // in the order of training
  std::vector<StepRecord> metrics;
  std::vector<ExampleTrajectory> examples;
  std::vector<PhaseTime> times;
  std::vector<GrpoEffect> seeds;
  std::optional<GrpoEffect> seed_mean;  // per question over all seeds
  std::optional<GrpoEffect> control;    // the same with shuffled rewards
  std::optional<Estimate> control_gap;  // control - GRPO, paired
  // Generative main metric after SFT on careful traces alone: the upper
  // reference.
  std::optional<Estimate> clean;
  std::optional<Estimate> clean_gap;  // clean - GRPO, paired
  std::vector<std::string> notes;  // sentences, shown after the computed ones
};

// Reads what a run's folder holds; all but one evaluation may be missing:
//   eval/STAGE.json      evaluations (base, sft, grpo first, then by name)
//   metrics.jsonl        numbers per step
//   eval/examples.json   [{task, query, expected, picture: path below the
//                        folder, before: {completion, top_candidate, correct,
//                        reward}, after}]
//   eval/context.json    {title, subtitle, times: [{phase, seconds, tokens}],
//                        seeds: [{label, before, after, change, …}],
//                        seed_mean, control, control_gap, clean, clean_gap,
//                        notes}; an estimate is {mean, low, high}
// Throws InvalidInput, naming file and what was expected; IoError.
ReportInput load_report_input(const std::string& run_folder);

// The JSON of eval/context.json and of eval/examples.json, for whoever writes
// them. picture_paths: one per example, below the run's folder; may be empty.
std::string context_json(const ReportInput& input);
std::string examples_json(const std::vector<ExampleTrajectory>& examples,
                          const std::vector<std::string>& picture_paths);

}  // namespace ume
