// ume-engine: the commands that need LibTorch. `ume` executes it.

#include "actors/engine/engine_roles.h"
#include "launch/command_line.h"
#include "launch/commands/checkpoint_command.h"
#include "launch/commands/embed_command.h"
#include "launch/commands/encode_command.h"
#include "launch/commands/generate_command.h"
#include "launch/commands/model_command.h"
#include "launch/commands/versions_command.h"

namespace ume {
namespace {

struct RoleArguments {
  std::string run;
  int32_t index = 0;
  std::string start_id;
};

void add_role_command(CLI::App& app) {
  CLI::App* role = app.add_subcommand("role", "run one role of a training run");
  role->require_subcommand(1);
  auto arguments = std::make_shared<RoleArguments>();
  CLI::App* rollout = role->add_subcommand("rollout", "sample trajectories");
  rollout->add_option("--run", arguments->run, "run directory")->required();
  rollout->add_option("--index", arguments->index, "which worker");
  rollout->callback([arguments] {
    run_rollout_role(open_run_directory(arguments->run), arguments->index);
  });
  CLI::App* learner =
      role->add_subcommand("learner", "one learner rank (under mpirun)");
  learner->add_option("--run", arguments->run, "run directory")->required();
  learner->add_option("--start-id", arguments->start_id,
                      "the same for all ranks of one start");
  learner->callback([arguments] {
    run_learner_role(open_run_directory(arguments->run), arguments->start_id);
  });
}

}  // namespace
}  // namespace ume

int main(int argc, char** argv) {
  CLI::App app("UME's tensor programs; users call them through `ume`.", "ume");
  app.require_subcommand(1);
  ume::add_role_command(app);
  ume::add_embed_command(app);
  ume::add_generate_command(app);
  ume::add_encode_command(app);
  ume::add_versions_command(app);
  ume::add_model_command(app);
  ume::add_checkpoint_command(app);
  return ume::run_command_line(app, argc, argv);
}
