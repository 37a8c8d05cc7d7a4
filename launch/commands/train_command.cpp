#include "launch/commands/commands.h"

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "actors/run/config_difference.h"
#include "actors/run/run_config.h"
#include "actors/run/run_directory.h"
#include "actors/start_checks.h"
#include "common/config/config.h"
#include "common/files/directory_lock.h"
#include "launch/command_line.h"
#include "launch/results/finish_run.h"
#include "launch/run/learner_launch.h"
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

// A folder of the run's own, and what it holds on to while it is used.
struct OpenRun {
  RunDirectory directory;
  std::unique_ptr<DirectoryLock> lock;
};

// Nothing is made before all that can be looked at beforehand is in order.
OpenRun begin_new(const RunConfig& config) {
  const RunDirectory directory =
      new_run_directory(config.run.resolved_directory());
  check_programs(config, program_folder());
  check_evaluation(config);
  check_start(config);
  return {directory, begin_run(directory, {config.run.name, dump_config(config),
                                           kNeededBytes})};
}

OpenRun open_existing(const RunConfig& config) {
  const RunDirectory directory =
      open_run_directory(config.run.resolved_directory());
  return {directory, std::make_unique<DirectoryLock>(directory.root.string())};
}

// The run goes on as it was begun; only what is given now is changed.
RunConfig continued_config(const TrainArguments& arguments,
                           const RunDirectory& directory,
                           const RunConfig& given) {
  const std::string path = directory.config().string();
  auto config = read_config<RunConfig>(path, arguments.overrides);
  if (const auto other = first_difference(given, config)) {
    std::fprintf(stderr,
                 "%s differs from %s, which counts ('%s' there, '%s' here); "
                 "what shall change is given as key=value\n",
                 arguments.config.c_str(), path.c_str(),
                 other->expected.c_str(), other->found.c_str());
  }
  return config;
}

// More steps for a run that is complete would be silently left out.
void refuse_other_length(const TrainArguments& arguments,
                         const RunDirectory& directory) {
  if (arguments.overrides.empty()) return;
  const std::string path = directory.config().string();
  const auto was = read_config<RunConfig>(path);
  const auto now = read_config<RunConfig>(path, arguments.overrides);
  if (was.sft.steps == now.sft.steps && was.grpo.updates == now.grpo.updates) {
    return;
  }
  throw ConfigError(directory.root.string() +
                    " is finished; sft.steps and grpo.updates can no longer "
                    "be changed: start another run");
}

// Changes nothing where the run cannot be continued so.
void take_up(const RunConfig& config, const RunDirectory& directory) {
  check_programs(config, program_folder());
  check_evaluation(config);
  check_continues(config, directory);
  write_run_config(directory, dump_config(config));
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

// Trains, evaluates and reports.
ExitCode carry_out(const RunConfig& config, const RunDirectory& directory) {
  const std::string programs = program_folder();
  const SignalWatch signals;
  ExitCode code = ExitCode::kDone;
  if (config.has_phase("sft") || config.has_phase("grpo")) {
    code = Supervisor(config, directory, programs, signals).run();
  }
  if (code == ExitCode::kDone &&
      !finish_run(config, directory, programs, signals.stop_flag())) {
    code = signals.orderly_exit();
  }
  return code;
}

int train(const TrainArguments& arguments) {
  auto config = read_config<RunConfig>(arguments.config, arguments.overrides);
  const OpenRun run =
      arguments.resume ? open_existing(config) : begin_new(config);
  if (run_is_finished(run.directory)) {
    refuse_other_length(arguments, run.directory);
    std::fprintf(stderr, "%s is finished: nothing to do\n",
                 run.directory.root.c_str());
    return static_cast<int>(ExitCode::kDone);
  }
  if (arguments.resume) {
    config = continued_config(arguments, run.directory, config);
    take_up(config, run.directory);
  }
  const ExitCode code = carry_out(config, run.directory);
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
