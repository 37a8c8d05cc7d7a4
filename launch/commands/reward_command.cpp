#include "launch/commands/commands.h"

#include <iostream>
#include <memory>
#include <sstream>

#include "actors/run/run_config.h"
#include "common/config/config.h"
#include "common/files/files.h"
#include "launch/command_line.h"
#include "launch/reward_environment.h"
#include "reward/explain/explanation.h"
#include "reward/offline/offline_scoring.h"
#include "reward/reward_pipeline.h"

namespace ume {
namespace {

struct RewardArguments {
  std::string config;
  std::string input;
  std::string output;
  std::vector<std::string> overrides;
};

struct ExplainArguments : RewardArguments {
  std::string cohort;
  std::string pair;
  std::string html;
  bool json = false;
};

// Only the reward section counts, so that a file with nothing else will do.
RewardConfig read_reward_config(const RewardArguments& arguments) {
  RunConfig config;
  const std::string text = read_config_text(arguments.config);
  apply_yaml(config_fields(config), text, arguments.config);
  for (const std::string& assignment : arguments.overrides) {
    apply_override(config_fields(config), assignment);
  }
  validate_as([&] { config.reward.validate(); }, arguments.config, text,
              arguments.overrides);
  return config.reward;
}

RewardPipeline load_pipeline(const RewardArguments& arguments) {
  return make_reward_pipeline(read_reward_config(arguments),
                              own_reward_environment());
}

std::vector<TrajectoryRecord> read_input(const RewardArguments& arguments) {
  return arguments.input == "-" ? read_trajectory_records(std::cin, "stdin")
                                : read_trajectory_file(arguments.input);
}

void score_file(const RewardArguments& arguments) {
  const RewardPipeline pipeline = load_pipeline(arguments);
  std::ostringstream rows;
  write_scored_records(rows, score_records(pipeline, read_input(arguments)));
  if (arguments.output.empty()) {
    std::cout << rows.str() << std::flush;
  } else {
    write_file_atomic(arguments.output, rows.str());
  }
}

void explain(const ExplainArguments& arguments) {
  const Explanation explanation =
      explain_pair(load_pipeline(arguments), read_input(arguments),
                   arguments.cohort, arguments.pair);
  if (!arguments.html.empty()) {
    write_file_atomic(arguments.html, explanation_html(explanation));
  } else if (arguments.json) {
    std::cout << explanation_json(explanation) << std::flush;
  } else {
    std::cout << explanation_text(explanation) << std::flush;
  }
}

// What both commands read.
void add_input_options(CLI::App& command, RewardArguments& arguments) {
  command
      .add_option("--config", arguments.config,
                  "configuration with a reward section (YAML)")
      ->required();
  command
      .add_option("--input", arguments.input,
                  "trajectories, JSON lines, plain or zstd; -: stdin")
      ->required();
  command.add_option("overrides", arguments.overrides,
                     "settings that win over the file, key=value");
}

}  // namespace

void add_reward_command(CLI::App& app) {
  auto arguments = std::make_shared<RewardArguments>();
  CLI::App* reward = app.add_subcommand(
      "reward", "score recorded trajectories with a configuration's reward");
  add_input_options(*reward, *arguments);
  reward->add_option("--output", arguments->output,
                     "JSON lines; default: stdout");
  add_example(*reward,
              "ume reward --config configs/emoji.yaml --input "
              "runs/emoji/trajectories/grpo/step_000001.jsonl.zst");
  reward->callback([arguments] { score_file(*arguments); });
}

void add_reward_explain_command(CLI::App& app) {
  auto arguments = std::make_shared<ExplainArguments>();
  CLI::App* command = app.add_subcommand(
      "reward-explain",
      "why one pair got its rewards: similarities, ranks, terms and rules");
  add_input_options(*command, *arguments);
  command->add_option("--cohort", arguments->cohort, "the pair's cohort")
      ->required();
  command->add_option("--pair", arguments->pair, "the pair")->required();
  auto* html = command->add_option("--html", arguments->html,
                                   "write a page of its own instead");
  command->add_flag("--json", arguments->json, "as JSON")->excludes(html);
  add_example(*command,
              "ume reward-explain --config configs/emoji.yaml --input "
              "runs/emoji/trajectories/grpo/step_000001.jsonl.zst --cohort 1 "
              "--pair 16 --html why.html");
  command->callback([arguments] { explain(*arguments); });
}

}  // namespace ume
