#include "launch/commands/commands.h"

#include <unistd.h>

#include <memory>

#include "actors/coordinator_process.h"
#include "actors/rewards/policy_source.h"
#include "actors/rewards/reward_worker.h"
#include "actors/role_client.h"
#include "actors/role_loop.h"
#include "common/log/log.h"
#include "launch/command_line.h"
#include "launch/reward_environment.h"
#include "launch/run/signal_watch.h"

namespace ume {
namespace {

// The policy is the reward section of the run's config.yaml, also when that is
// changed while the run goes on.
void run_reward_role(const RunDirectory& directory, int32_t index) {
  const std::string name = "reward-" + std::to_string(index);
  start_logging(name);
  const ReloadSignal reload;
  PolicyKeeper policy(run_policy_source(directory, own_reward_environment()),
                      reload.flag());
  const auto client = connect_to_coordinator(directory, name);
  StageHook hook = make_stage_hook(load_run_config(directory), directory,
                                   index == 0 ? "reward" : name);
  RewardWorker worker(index, {policy, *client, hook});
  try {
    RegisterRequest request;
    request.role = Role::kReward;
    request.index = index;
    request.start_id = "reward-" + std::to_string(getpid());
    request.pid = getpid();
    register_role(*client, request);
    for (;;) worker.step();
  } catch (const StopRun& stop) {
    log_info(stop.reason);
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
    const SignalWatch signals(OnHangUp::kStop);
    run_coordinator_role(open_run_directory(*run), signals.stop_flag());
  });
  CLI::App* reward = role->add_subcommand("reward", "score cohorts");
  reward->add_option("--run", *run, "run directory")->required();
  auto index = std::make_shared<int32_t>(0);
  reward->add_option("--index", *index, "which of several, from 0")
      ->check(CLI::Range(0, 1000000));
  add_example(*reward, "ume role reward --run runs/emoji");
  reward->callback(
      [run, index] { run_reward_role(open_run_directory(*run), *index); });
}

}  // namespace ume
