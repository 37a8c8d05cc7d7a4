#include "launch/role_command.h"

#include <unistd.h>

#include <cstdio>
#include <memory>

#include "actors/coordinator_process.h"
#include "actors/reward_worker.h"
#include "actors/role_client.h"
#include "actors/role_loop.h"
#include "launch/command_line.h"
#include "launch/reward_environment.h"
#include "launch/signal_watch.h"

namespace ume {
namespace {

void run_reward_role(const RunDirectory& directory) {
  const RunConfig config = load_run_config(directory);
  const RewardPipeline pipeline =
      make_reward_pipeline(config.reward, own_reward_environment());
  const auto client = connect_to_coordinator(directory, "reward-0");
  StageHook hook = make_stage_hook(config, directory, "reward");
  RewardWorker worker(pipeline, *client, hook);
  try {
    RegisterRequest request;
    request.role = Role::kReward;
    request.start_id = "reward-" + std::to_string(getpid());
    request.pid = getpid();
    register_role(*client, request);
    for (;;) worker.step();
  } catch (const StopRun& stop) {
    std::fprintf(stderr, "reward: %s\n", stop.reason.c_str());
  }
}

}  // namespace

void add_role_command(CLI::App& app) {
  CLI::App* role = app.add_subcommand(
      "role",
      "run one role of a training run (coordinator, reward; rollout and "
      "learner are in ume-engine)");
  role->require_subcommand(1);
  auto run = std::make_shared<std::string>();
  CLI::App* coordinator =
      role->add_subcommand("coordinator", "the job's state and its web page");
  coordinator->add_option("--run", *run, "run directory")->required();
  add_example(*coordinator, "ume role coordinator --run runs/emoji");
  coordinator->callback([run] {
    const SignalWatch signals;
    run_coordinator_role(open_run_directory(*run), signals.stop_flag());
  });
  CLI::App* reward = role->add_subcommand("reward", "score cohorts");
  reward->add_option("--run", *run, "run directory")->required();
  add_example(*reward, "ume role reward --run runs/emoji");
  reward->callback([run] { run_reward_role(open_run_directory(*run)); });
}

}  // namespace ume
