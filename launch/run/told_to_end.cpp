#include "launch/run/told_to_end.h"

#include <signal.h>

#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <string>
#include <utility>

namespace ume {

bool sigterm_waits(pid_t pid) {
  std::ifstream file("/proc/" + std::to_string(pid) + "/status");
  const std::string key = "ShdPnd:";
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with(key)) continue;
    const uint64_t waiting =
        std::strtoull(line.c_str() + key.size(), nullptr, 16);
    return (waiting >> (SIGTERM - 1) & 1) != 0;
  }
  return false;
}

std::vector<pid_t> children_of(pid_t pid) {
  const std::string id = std::to_string(pid);
  std::ifstream file("/proc/" + id + "/task/" + id + "/children");
  std::vector<pid_t> children;
  for (pid_t child = 0; file >> child;) children.push_back(child);
  return children;
}

std::vector<pid_t> ToldToEnd::due(const std::vector<pid_t>& pids,
                                  double now_seconds) {
  std::map<pid_t, double> waiting;
  std::vector<pid_t> due;
  for (const pid_t pid : pids) {
    if (!sigterm_waits(pid)) continue;
    const auto known = since_.find(pid);
    double since = known == since_.end() ? now_seconds : known->second;
    if (now_seconds - since >= seconds_) {
      due.push_back(pid);
      since = now_seconds;
    }
    waiting[pid] = since;
  }
  since_ = std::move(waiting);
  return due;
}

}  // namespace ume
