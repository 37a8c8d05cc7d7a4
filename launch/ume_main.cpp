// ume: the command that users type. Starts in milliseconds, has no LibTorch,
// and executes ume-engine for what needs tensors.

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "common/error/error.h"
#include "launch/command_line.h"
#include "launch/commands/commands.h"

namespace ume {
namespace {

struct EngineCommand {
  const char* name;
  const char* help;
};

constexpr std::array<EngineCommand, 4> kEngineCommands = {{
    {"embed", "turn records of text and pictures into embeddings"},
    {"generate", "answers to records, with log-probabilities and embeddings"},
    {"model", "make models"},
    {"checkpoint", "look at, check and export weights"},
}};

[[noreturn]] void execute_engine(int argc, char** argv) {
  const std::string program = program_folder() + "/ume-engine";
  std::vector<char*> arguments(argv, argv + argc);
  arguments[0] = const_cast<char*>(program.c_str());
  arguments.push_back(nullptr);
  execv(program.c_str(), arguments.data());
  throw Unavailable("cannot execute " + program + ": " + strerror(errno) +
                    "; build it with `make build`, or install it beside ume");
}

bool belongs_to_engine(int argc, char** argv) {
  if (argc < 2) return false;
  const std::string command = argv[1];
  if (command == "role" && argc > 2) {
    const std::string role = argv[2];
    return role == "rollout" || role == "learner";
  }
  return std::any_of(kEngineCommands.begin(), kEngineCommands.end(),
                     [&](const EngineCommand& c) { return command == c.name; });
}

}  // namespace
}  // namespace ume

int main(int argc, char** argv) {
  CLI::App app(
      "UME trains reasoning-driven multimodal embedding models.\n"
      "Start with: ume train configs/emoji.yaml",
      "ume");
  app.set_version_flag("--version", UME_VERSION);
  app.require_subcommand(1);
  try {
    if (ume::belongs_to_engine(argc, argv)) ume::execute_engine(argc, argv);
  } catch (...) {
    return ume::report_current_exception("ume");
  }
  ume::add_train_command(app);
  ume::add_config_command(app);
  ume::add_eval_command(app);
  ume::add_report_command(app);
  ume::add_reward_command(app);
  ume::add_reward_explain_command(app);
  ume::add_tokenize_command(app);
  ume::add_preprocess_command(app);
  ume::add_data_command(app);
  ume::add_doctor_command(app);
  ume::add_ledger_command(app);
  ume::add_role_command(app);
  for (const ume::EngineCommand& command : ume::kEngineCommands) {
    app.add_subcommand(command.name, command.help);
  }
  return ume::run_command_line(app, argc, argv);
}
