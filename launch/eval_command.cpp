#include "launch/eval_command.h"

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/files/files.h"
#include "eval/report/text_table.h"
#include "eval/tasks/score_tasks.h"
#include "launch/command_line.h"
#include "launch/evaluate.h"
#include "launch/records/record_options.h"

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
  std::fputs(a.json ? json.c_str() : text_table({summary}).c_str(), stdout);
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
  run->add_option("--name", a->name, "names the result");
  run->add_option("--split", a->options.eval.split, "split of the tasks");
  add_prepare_options(*run, a->prompt_template, a->settings);
  run->add_option("--samples", a->options.eval.samples,
                  "sampled answers per query, for pass@k");
  run->add_option("--temperature", a->options.eval.temperature,
                  "of the sampled answers");
  run->add_option("--max-new-tokens", a->options.eval.max_new_tokens,
                  "longest answer in tokens");
  run->add_option("--batch-tokens", a->options.eval.batch_tokens,
                  "prompt tokens computed together");
  run->add_option("--processes", a->options.eval.processes,
                  "processes side by side");
  run->add_option("--shard-timeout", a->options.eval.shard_timeout_seconds,
                  "seconds without one more batch after which to give up");
  run->add_option("--seed", a->options.eval.seed, "of the sampled answers");
  run->add_flag("--json", a->json, "print the result as JSON");
  add_example(*run,
              "ume eval run --model runs/emoji/model --template minimal "
              "--tasks examples/emoji/data/eval/tasks.json --output out");
  run->callback([a] { run_eval(*a); });
}

}  // namespace ume
