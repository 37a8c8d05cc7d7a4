#include "launch/results/finish_run.h"

#include <cstdio>
#include <filesystem>
#include <optional>
#include <vector>

#include "common/config/checks.h"
#include "common/error/error.h"
#include "common/files/files.h"
#include "common/progress/progress.h"
#include "eval/report/compare_runs.h"
#include "eval/report/html_report.h"
#include "eval/report/text_table.h"
#include "eval/tasks/evaluation_set.h"
#include "launch/results/evaluate.h"
#include "launch/results/phase_times.h"
#include "launch/results/report_examples.h"

namespace ume {
namespace {

namespace fs = std::filesystem;

fs::path finished_marker(const RunDirectory& directory) {
  return directory.root / "finished";
}

std::vector<std::string> training_phases(const RunConfig& config) {
  std::vector<std::string> phases;
  for (const std::string& phase : config.phases) {
    if (phase != "eval") phases.push_back(phase);
  }
  return phases;
}

void copy_final_model(const RunConfig& config, const RunDirectory& directory) {
  const std::vector<std::string> phases = training_phases(config);
  if (phases.empty() || fs::exists(directory.model())) return;
  const fs::path partial = directory.root / "model.partial";
  fs::remove_all(partial);
  fs::copy(stage_model(config, directory, phases.back()), partial,
           fs::copy_options::recursive);
  rename_durably(partial.string(), directory.model().string());
}

EvaluateOptions stage_options(const RunConfig& config,
                              const RunDirectory& directory,
                              const std::string& stage) {
  EvaluateOptions options;
  options.model = stage_model(config, directory, stage);
  options.data = config.data;
  options.eval = config.eval;
  options.shards = directory.eval() / "shards" / stage;
  options.label = "eval " + stage;
  return options;
}

// Returns false when stopped before the end.
bool evaluate_stages(const RunConfig& config,
                     const RunDirectory& directory,
                     const std::string& programs,
                     const std::atomic<bool>& stop) {
  const EvaluationSet set =
      read_evaluation_set(config.eval.tasks, config.eval.split);
  for (const std::string& stage : config.eval.stages) {
    if (stage != "base" && !config.has_phase(stage)) continue;
    if (stop) return false;
    EvaluateOptions options = stage_options(config, directory, stage);
    options.programs = programs;
    options.stop = &stop;
    const EncodingJob job = encoding_job(options, set);
    const fs::path path = directory.eval() / (stage + ".json");
    // It must not outlive the shards and tasks that it came from. Shards that
    // are there are not encoded again.
    fs::remove(path);
    std::optional<EvalSummary> summary =
        evaluate_stage(options, job, set, stage);
    if (!summary) return false;
    summary->seed = config.run.seed;
    write_file_atomic(path.string(), to_json(*summary));
    std::fprintf(stderr, "eval %s: %s\n", stage.c_str(),
                 format_duration(summary->seconds).c_str());
  }
  return true;
}

void print_times(const std::vector<PhaseTime>& times) {
  std::printf("\n%-8s %10s %14s %12s\n", "phase", "time", "tokens", "tokens/s");
  for (const PhaseTime& t : times) {
    std::printf(
        "%-8s %10s %14lld %12.0f\n", t.phase.c_str(),
        format_duration(t.seconds).c_str(), static_cast<long long>(t.tokens),
        t.seconds > 0.0 ? static_cast<double>(t.tokens) / t.seconds : 0.0);
  }
}

std::vector<PhaseTime> all_times(const RunConfig& config,
                                 const RunDirectory& directory,
                                 const ReportInput& input) {
  const std::vector<PhaseStart> starts = read_phase_starts(directory.events());
  std::vector<PhaseTime> times;
  for (const std::string& phase : training_phases(config)) {
    times.push_back(phase_time(phase, starts, input.metrics));
  }
  PhaseTime eval{"eval", 0.0, 0};
  for (const EvalSummary& stage : input.stages) {
    eval.seconds += stage.seconds;
    eval.tokens += stage.generated_tokens;
  }
  times.push_back(eval);
  return times;
}

void write_report(const RunConfig& config, const RunDirectory& directory) {
  ReportInput input = load_report_input(directory.root.string());
  input.title = "Run " + config.run.name;
  input.times = all_times(config, directory, input);
  if (!config.eval.reference.empty()) {
    add_recorded_reference(config.eval.reference, input);
  }
  const BootstrapOptions bootstrap = config.eval.bootstrap();
  write_file_atomic((directory.eval() / "context.json").string(),
                    context_json(input));
  make_directories(directory.report().string());
  write_file_atomic((directory.report() / "index.html").string(),
                    html_report(input, bootstrap));
  std::fputs(text_table(input.stages, bootstrap).c_str(), stdout);
  std::fputs(comparison_table(input).c_str(), stdout);
  std::fputs(note_lines(input).c_str(), stdout);
  print_times(input.times);
  std::printf("\nreport: %s\nmodel:  %s\n",
              (directory.report() / "index.html").c_str(),
              directory.model().c_str());
}

}  // namespace

std::string stage_model(const RunConfig& config,
                        const RunDirectory& directory,
                        const std::string& stage) {
  if (stage == "base") return config.model.path;
  const int64_t steps = stage == "sft" ? config.sft.steps : config.grpo.updates;
  const fs::path folder = directory.checkpoints() / stage /
                          step_name(static_cast<uint64_t>(steps)) / "model";
  if (!fs::exists(folder / "config.json")) {
    throw IoError(folder.string() + ": the export of phase " + stage +
                  " is not there");
  }
  return folder.string();
}

void check_evaluation(const RunConfig& config) {
  if (!config.has_phase("eval")) return;
  naming_field("eval.tasks", [&] {
    read_evaluation_set(config.eval.tasks, config.eval.split);
  });
  if (config.eval.reference.empty()) return;
  ReportInput unused;
  naming_field("eval.reference",
               [&] { add_recorded_reference(config.eval.reference, unused); });
}

bool finish_run(const RunConfig& config,
                const RunDirectory& directory,
                const std::string& programs,
                const std::atomic<bool>& stop) {
  copy_final_model(config, directory);
  if (config.has_phase("eval")) {
    if (!evaluate_stages(config, directory, programs, stop)) return false;
    write_examples(config, directory);
    write_report(config, directory);
  }
  write_file_atomic(finished_marker(directory).string(), "finished\n");
  return true;
}

bool run_is_finished(const RunDirectory& directory) {
  return fs::exists(finished_marker(directory));
}

}  // namespace ume
