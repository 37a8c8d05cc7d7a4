// ume-engine: the commands that need LibTorch. `ume` executes it.

#include "actors/engine/engine_roles.h"
#include "common/process/stop_signals.h"
#include "kernels/torch_errors.h"
#include "launch/command_line.h"
#include "launch/commands/commands.h"
#include "launch/number_checks.h"

namespace ume {
namespace {

struct RoleArguments {
  std::string run;
  int32_t index = 0;
  std::string start_id;
  bool supervised = false;
};

void add_engine_roles(CLI::App& app) {
  CLI::App* role = app.add_subcommand("role", "run one role of a training run");
  role->require_subcommand(1);
  auto arguments = std::make_shared<RoleArguments>();
  CLI::App* rollout = role->add_subcommand("rollout", "sample trajectories");
  rollout->add_option("--run", arguments->run, "run directory")->required();
  rollout->add_option("--index", arguments->index, "which worker, from 0")
      ->check(whole_number(0, 1000000));
  add_example(*rollout, "ume role rollout --run runs/emoji --index 0");
  rollout->callback([arguments] {
    run_rollout_role(open_run_directory(arguments->run), arguments->index);
  });
  CLI::App* learner =
      role->add_subcommand("learner", "one learner rank (under mpirun)");
  learner->add_option("--run", arguments->run, "run directory")->required();
  learner->add_option("--start-id", arguments->start_id,
                      "names this start of the learner: the same for all its "
                      "ranks, another one at every start");
  learner->add_flag("--supervised", arguments->supervised,
                    "leave SIGINT, SIGTERM and SIGUSR1 to `ume train`");
  add_example(*learner,
              "mpirun -n 2 ume-engine role learner --run runs/emoji "
              "--start-id 1");
  learner->callback([arguments] {
    // mpirun undoes what it was started with. Before MPI makes its threads.
    if (arguments->supervised) block_stop_signals();
    run_learner_role(open_run_directory(arguments->run), arguments->start_id);
  });
}

}  // namespace
}  // namespace ume

int main(int argc, char** argv) {
  CLI::App app("UME's tensor programs; users call them through `ume`.", "ume");
  app.require_subcommand(1);
  ume::add_engine_roles(app);
  ume::add_embed_command(app);
  ume::add_generate_command(app);
  ume::add_encode_command(app);
  ume::add_versions_command(app);
  ume::add_model_command(app);
  ume::add_checkpoint_command(app);
  return ume::run_command_line(app, argc, argv, ume::without_torch_errors);
}
