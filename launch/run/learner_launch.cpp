#include "launch/run/learner_launch.h"

#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <sstream>

#include "common/error/error.h"

namespace ume {
namespace {

// Names one start of the learner; unique on this host.
std::string fresh_start_id() {
  static std::atomic<int64_t> starts{0};
  const auto ticks =
      std::chrono::system_clock::now().time_since_epoch().count();
  return std::to_string(getpid()) + "-" + std::to_string(++starts) + "-" +
         std::to_string(ticks);
}

bool can_run(const std::string& program) {
  std::error_code error;
  return std::filesystem::is_regular_file(program, error) &&
         access(program.c_str(), X_OK) == 0;
}

bool is_in_path(const std::string& name) {
  const char* path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "/usr/bin:/bin" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (can_run((folder.empty() ? "." : folder) + "/" + name)) return true;
  }
  return false;
}

}  // namespace

void check_programs(const RunConfig& config, const std::string& programs) {
  const std::string engine = programs + "/ume-engine";
  if (!can_run(engine)) {
    throw Unavailable("there is no program " + engine +
                      ": build it with `make build`, or install it beside ume");
  }
  const bool trains = config.has_phase("sft") || config.has_phase("grpo");
  if (trains && !is_in_path("mpirun")) {
    throw Unavailable(
        "there is no mpirun in PATH, which starts the learner's ranks: "
        "`make setup` or `apt-get install openmpi-bin` puts it in place");
  }
}

ChildCommand learner_command(const RunConfig& config,
                             const RunDirectory& directory,
                             const std::string& programs) {
  ChildCommand command;
  const std::string ranks = std::to_string(config.learner.ranks);
  // One host's ranks: no binding, or two ranks would share a core with each
  // other while the samplers' cores idle.
  command.argv = {"mpirun", "--oversubscribe", "--bind-to", "none", "-n",
                  ranks};
  if (geteuid() == 0) command.argv.emplace_back("--allow-run-as-root");
  for (const std::string& argument :
       {programs + "/ume-engine", std::string("role"), std::string("learner"),
        std::string("--run"), directory.root.string(),
        std::string("--start-id"), fresh_start_id(),
        std::string("--supervised")}) {
    command.argv.push_back(argument);
  }
  command.environment = {"OMP_NUM_THREADS=" +
                         std::to_string(config.learner.threads)};
  command.log_path = (directory.logs() / "learner-0.log").string();
  // Of SIGHUP mpirun ends its ranks; SIGTERM it must not hear.
  command.end_signal = SIGHUP;
  return command;
}

}  // namespace ume
