#include "launch/commands/train_command.h"

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "actors/coordinator_process.h"
#include "actors/role_client.h"
#include "actors/run/run_config.h"
#include "actors/run/run_directory.h"
#include "common/config/config.h"
#include "common/files/directory_lock.h"
#include "common/weights/weight_channel.h"
#include "launch/command_line.h"
#include "launch/results/finish_run.h"
#include "launch/run/signal_watch.h"
#include "launch/run/supervisor.h"

namespace ume {
namespace {

constexpr uint64_t kNeededBytes = uint64_t{1} << 30;

struct TrainArguments {
  std::string config;
  std::vector<std::string> overrides;
  bool resume = false;
};

RunDirectory open_directory(const TrainArguments& arguments,
                            RunConfig& config) {
  const std::string root = config.run.resolved_directory();
  if (!arguments.resume) {
    check_evaluation(config);
    return create_run_directory(root, config.run.name, dump_config(config),
                                kNeededBytes);
  }
  const RunDirectory directory = open_run_directory(root);
  // The run goes on as it was begun; only what is given now is changed.
  config =
      read_config<RunConfig>(directory.config().string(), arguments.overrides);
  return directory;
}

// The overrides that say which run it is: " run.name=mine".
std::string place_overrides(const TrainArguments& arguments) {
  std::string text;
  for (const std::string& one : arguments.overrides) {
    if (one.starts_with("run.name=") || one.starts_with("run.directory=")) {
      text += " " + one;
    }
  }
  return text;
}

int train(const TrainArguments& arguments) {
  auto config = read_config<RunConfig>(arguments.config, arguments.overrides);
  const RunDirectory directory = open_directory(arguments, config);
  const DirectoryLock lock(directory.root.string());
  if (run_is_finished(directory)) {
    std::fprintf(stderr, "%s is finished: nothing to do\n",
                 directory.root.c_str());
    return static_cast<int>(ExitCode::kDone);
  }
  const bool trains = config.has_phase("sft") || config.has_phase("grpo");
  if (arguments.resume) {
    check_evaluation(config);
    if (trains) check_continues(config, directory);
    write_run_config(directory, dump_config(config));
  }
  const std::string programs = program_folder();
  const SignalWatch signals;
  ExitCode code = ExitCode::kDone;
  if (trains) {
    code = Supervisor(config, directory, programs, signals).run();
    remove_shm_weights(shared_weight_folder(), directory.run_id());
  }
  if (code == ExitCode::kDone &&
      !finish_run(config, directory, programs, signals.stop_flag())) {
    code = signals.orderly_exit();
  }
  if (code == ExitCode::kInterrupted || code == ExitCode::kRunAgain) {
    std::fprintf(stderr, "go on with: ume train %s%s --resume\n",
                 arguments.config.c_str(), place_overrides(arguments).c_str());
  }
  return static_cast<int>(code);
}

}  // namespace

void add_train_command(CLI::App& app) {
  auto arguments = std::make_shared<TrainArguments>();
  CLI::App* command =
      app.add_subcommand("train", "train, evaluate and report one run");
  command->add_option("config", arguments->config, "configuration file (YAML)")
      ->required();
  command->add_option("overrides", arguments->overrides,
                      "settings that win over the file, key=value");
  command->add_flag("--resume", arguments->resume,
                    "go on with the run where it stopped");
  add_example(*command, "ume train configs/emoji.yaml run.name=mine");
  command->callback([arguments] {
    const int code = train(*arguments);
    if (code != 0) throw CLI::RuntimeError(code);
  });
}

}  // namespace ume
