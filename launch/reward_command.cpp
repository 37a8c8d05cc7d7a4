#include "launch/reward_command.h"

#include <iostream>
#include <memory>
#include <sstream>

#include "actors/run_config.h"
#include "common/config/config.h"
#include "common/files/files.h"
#include "launch/command_line.h"
#include "reward/offline_scoring.h"
#include "reward/reward_pipeline.h"

namespace ume {
namespace {

struct RewardArguments {
  std::string config;
  std::string input;
  std::string output;
  std::vector<std::string> overrides;
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

void score_file(const RewardArguments& arguments) {
  const RewardPipeline pipeline =
      make_reward_pipeline(read_reward_config(arguments));
  const std::vector<TrajectoryRecord> records =
      arguments.input == "-" ? read_trajectory_records(std::cin, "stdin")
                             : read_trajectory_file(arguments.input);
  std::ostringstream rows;
  write_scored_records(rows, score_records(pipeline, records));
  if (arguments.output.empty()) {
    std::cout << rows.str() << std::flush;
  } else {
    write_file_atomic(arguments.output, rows.str());
  }
}

}  // namespace

void add_reward_command(CLI::App& app) {
  auto arguments = std::make_shared<RewardArguments>();
  CLI::App* reward = app.add_subcommand(
      "reward", "score recorded trajectories with a configuration's reward");
  reward
      ->add_option("--config", arguments->config,
                   "configuration with a reward section (YAML)")
      ->required();
  reward
      ->add_option("--input", arguments->input,
                   "trajectories, JSON lines, plain or zstd; -: stdin")
      ->required();
  reward->add_option("--output", arguments->output,
                     "JSON lines; default: stdout");
  reward->add_option("overrides", arguments->overrides,
                     "settings that win over the file, key=value");
  add_example(*reward,
              "ume reward --config configs/emoji.yaml --input "
              "runs/emoji/trajectories/grpo/step_000001.jsonl.zst");
  reward->callback([arguments] { score_file(*arguments); });
}

}  // namespace ume
