#include "launch/commands/commands.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/files/files.h"
#include "eval/report/text_table.h"
#include "eval/tasks/score_tasks.h"
#include "launch/command_line.h"
#include "launch/number_checks.h"
#include "launch/records/record_options.h"
#include "launch/results/evaluate.h"

namespace ume {
namespace {

struct EvalArguments {
  EvaluateOptions options;
  std::string prompt_template = PrepareConfig().prompt_template;
  std::vector<std::string> settings;  // key=value of the data section
  std::string output;
  std::string name = "model";
  bool json = false;
};

void run_eval(EvalArguments a) {
  a.options.programs = program_folder();
  a.options.label = "eval " + a.name;
  a.options.shards = std::filesystem::path(a.output) / "shards" / a.name;
  a.options.eval.validate();
  a.options.data = prepare_config(a.prompt_template, a.settings);
  const EvaluationSet set =
      read_evaluation_set(a.options.eval.tasks, a.options.eval.split);
  const EvalSummary summary =
      evaluate_stage(a.options, encoding_job(a.options, set), set, a.name)
          .value();
  const std::string json = to_json(summary);
  write_file_atomic(
      (std::filesystem::path(a.output) / (a.name + ".json")).string(), json);
  const std::string text =
      a.json ? json : text_table({summary}, a.options.eval.bootstrap());
  std::fputs(text.c_str(), stdout);
}

// What is measured, and how many processes do it.
void add_measure_options(CLI::App& run, EvalConfig& eval) {
  run.add_option("--split", eval.split, "split of the tasks")
      ->capture_default_str();
  run.add_option("--samples", eval.samples,
                 "sampled answers per query, for pass@k; 0: none")
      ->check(whole_number(0, 1024))
      ->capture_default_str();
  run.add_option("--temperature", eval.temperature, "of the sampled answers")
      ->check(sampling_temperature())
      ->capture_default_str();
  run.add_option("--max-new-tokens", eval.max_new_tokens,
                 "longest answer in tokens")
      ->check(whole_number(1, 131072))
      ->capture_default_str();
  run.add_option("--batch-tokens", eval.batch_tokens,
                 "prompt tokens computed together")
      ->check(whole_number(1, kMaxBatchTokens))
      ->capture_default_str();
  run.add_option("--processes", eval.processes, "processes side by side")
      ->check(whole_number(1, 256))
      ->capture_default_str();
  run.add_option("--shard-timeout", eval.shard_timeout_seconds,
                 "seconds without one more batch after which to give up")
      ->check(finite_number(0.001, 1e9))
      ->capture_default_str();
  run.add_option("--seed", eval.seed,
                 "of the sampled answers and of the intervals")
      ->check(whole_number(0, INT64_MAX))
      ->capture_default_str();
}

}  // namespace

void add_eval_command(CLI::App& app) {
  auto a = std::make_shared<EvalArguments>();
  CLI::App* eval = app.add_subcommand("eval", "measure models");
  eval->require_subcommand(1);
  CLI::App* run = eval->add_subcommand(
      "run", "encode an evaluation set with a model, rank and score");
  run->add_option("--model", a->options.model, "model folder (hub layout)")
      ->required();
  run->add_option("--tasks", a->options.eval.tasks, "tasks.json")->required();
  run->add_option("--output", a->output, "folder for NAME.json and embeddings")
      ->required();
  run->add_option("--name", a->name, "names the result")->capture_default_str();
  add_prepare_options(*run, a->prompt_template, a->settings);
  add_measure_options(*run, a->options.eval);
  run->add_flag("--json", a->json, "print the result as JSON");
  add_example(*run,
              "ume eval run --model runs/emoji/model --template minimal "
              "--tasks examples/emoji/data/eval/tasks.json --output out");
  run->callback([a] { run_eval(*a); });
}

}  // namespace ume
