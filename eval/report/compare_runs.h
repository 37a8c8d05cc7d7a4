#pragma once

#include <optional>
#include <string>
#include <vector>

#include "eval/report/eval_summary.h"
#include "eval/report/report_input.h"

namespace ume {

// A run's evaluations around GRPO.
struct ComparedRun {
  std::string source;  // the run's folder, for messages
  std::string label;   // for people: "seed 2"
  EvalSummary before;
  EvalSummary after;
};

// An evaluation that others are measured against.
struct ReferenceRun {
  std::string source;
  EvalSummary summary;
};

// What a report sets beside a run.
struct RunComparison {
  ComparedRun run;                     // the report's own
  std::vector<ComparedRun> seeds;      // the same from other seeds
  std::optional<ComparedRun> control;  // the same with shuffled rewards
  std::optional<ReferenceRun> clean;   // SFT on careful traces alone
};

// How far the runs of different seeds lie apart.
struct SeedSpread {
  double mean = 0.0;
  double deviation = 0.0;  // standard deviation, divisor n - 1
  double low = 0.0;
  double high = 0.0;
  double spread() const { return high - low; }
};

// Of one number of each run, e.g. &GrpoEffect::change.
SeedSpread seed_spread(const std::vector<GrpoEffect>& seeds,
                       Estimate GrpoEffect::*which);

// Throws InvalidInput when the two were evaluated on different queries or
// have none that must be worked out.
GrpoEffect grpo_effect(const std::string& label,
                       const EvalSummary& before,
                       const EvalSummary& after,
                       const BootstrapOptions& options);

// Fills the seeds (the run itself first) and their mean, the control and the
// clean reference of a report; what is absent is left as it was. Differences
// are paired by question.
// Throws InvalidInput, naming the run's folder and what differs, unless all
// were evaluated on the same split, questions, candidates and number of
// samples.
void add_comparison(const RunComparison& comparison,
                    const BootstrapOptions& options,
                    ReportInput& report);

// Adds a sentence about a figure that was measured earlier (a JSON file,
// docs/formats/report.md) to the report's notes, in the place of one that is
// there; a report that holds a measured upper reference gets none. The sentence
// says that the figure is recorded, and where it was measured on other
// questions than the report's. Throws InvalidInput, naming the file, and
// IoError.
void add_recorded_reference(const std::string& path, ReportInput& report);

// The notes as plain text, at most 100 columns wide; empty when there are none.
std::string note_lines(const ReportInput& report);

// The comparison as plain text, at most 100 columns wide; empty when the
// report holds none.
std::string comparison_table(const ReportInput& report);

}  // namespace ume
