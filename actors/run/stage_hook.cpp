#include "actors/run/stage_hook.h"

#include <signal.h>
#include <unistd.h>

#include <charconv>

#include "common/error/error.h"
#include "common/files/files.h"

namespace ume {

StageKill parse_stage_kill(const std::string& text) {
  const auto fail = [&]() -> StageKill {
    throw ConfigError(
        "chaos.kill: expected ROLE:STAGE or ROLE:STAGE:N, found '" + text +
        "'");
  };
  const size_t first = text.find(':');
  if (first == std::string::npos || first == 0) return fail();
  const size_t second = text.find(':', first + 1);
  StageKill kill;
  kill.role = text.substr(0, first);
  kill.stage =
      text.substr(first + 1, second == std::string::npos ? std::string::npos
                                                         : second - first - 1);
  if (kill.stage.empty()) return fail();
  if (second != std::string::npos) {
    const char* begin = text.data() + second + 1;
    const char* end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(begin, end, kill.visit);
    if (error != std::errc() || stop != end || kill.visit < 1) return fail();
  }
  return kill;
}

StageHook::StageHook(const std::vector<StageKill>& kills,
                     std::string_view role,
                     std::filesystem::path folder)
    : folder_(std::move(folder)) {
  for (const StageKill& kill : kills) {
    if (kill.role == role) pending_.push_back({kill, 0});
  }
}

void StageHook::reached(std::string_view stage) {
  for (Pending& p : pending_) {
    if (p.kill.stage != stage || ++p.visits != p.kill.visit) continue;
    const std::filesystem::path marker =
        folder_ /
        (p.kill.role + "." + p.kill.stage + "." + std::to_string(p.kill.visit));
    if (std::filesystem::exists(marker)) continue;
    make_directories(folder_.string());
    write_file_atomic(marker.string(), "killed\n");
    kill(getpid(), SIGKILL);
  }
}

}  // namespace ume
