#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace ume {

// A named place in a role's loop at which a test may kill the process: the
// fault is at the same point of the work every time, which a kill from outside
// cannot promise.
struct StageKill {
  std::string role;   // "rollout-0", "reward", "learner-1", "coordinator"
  std::string stage;  // e.g. "sampled"
  int64_t visit = 1;  // at the n-th time that this process comes by
};

// Reads "ROLE:STAGE[:N]". Throws ConfigError.
StageKill parse_stage_kill(const std::string& text);

// Kills this process with SIGKILL at its stages, each one once in a run: a
// marker file in `folder` remembers what has been done.
class StageHook {
 public:
  StageHook() = default;  // does nothing
  StageHook(const std::vector<StageKill>& kills,
            std::string_view role,
            std::filesystem::path folder);

  void reached(std::string_view stage);

 private:
  struct Pending {
    StageKill kill;
    int64_t visits = 0;
  };
  std::vector<Pending> pending_;
  std::filesystem::path folder_;
};

}  // namespace ume
