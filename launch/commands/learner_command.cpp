#include "launch/commands/learner_command.h"

#include <unistd.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <fstream>

namespace ume {
namespace {

constexpr size_t kLinesShown = 5;

// Names one start of the learner; unique on this host.
std::string fresh_start_id() {
  static std::atomic<int64_t> starts{0};
  const auto ticks =
      std::chrono::system_clock::now().time_since_epoch().count();
  return std::to_string(getpid()) + "-" + std::to_string(++starts) + "-" +
         std::to_string(ticks);
}

}  // namespace

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
        std::string("--start-id"), fresh_start_id()}) {
    command.argv.push_back(argument);
  }
  command.environment = {"OMP_NUM_THREADS=" +
                         std::to_string(config.learner.threads)};
  command.log_path = (directory.logs() / "learner-0.log").string();
  return command;
}

std::string last_lines(const std::filesystem::path& logs,
                       const std::string& role) {
  std::deque<std::string> lines;
  for (const auto& entry : std::filesystem::directory_iterator(logs)) {
    const std::string name = entry.path().filename().string();
    if (name.rfind(role, 0) != 0) continue;
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) {
      // Our own words only: mpirun's banner would push the reason out.
      if (line.rfind(role, 0) != 0 && line.rfind("ume", 0) != 0) continue;
      lines.push_back("  " + line);
      if (lines.size() > kLinesShown) lines.pop_front();
    }
  }
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

}  // namespace ume
