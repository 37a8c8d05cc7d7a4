// ume-reward-plugin: the process in which a reward plug-in lives. Started by
// the reward service with a socket; answers one score request after another
// until the service closes it.

#include <cstdio>
#include <exception>
#include <limits>
#include <string>

#include "common/clock/clock.h"
#include "common/clock/deadline.h"
#include "common/error/error.h"
#include "common/process/helper_process.h"
#include "common/process/message_stream.h"
#include "common/wire/score_codec.h"
#include "reward/plugin/plugin_library.h"

namespace ume {
namespace {

constexpr uint64_t kMaxRequestBytes = uint64_t{1} << 30;
// The service ends us when it wants to.
constexpr double kForever = 1e9;

// A text without newline that a row's reason may hold.
std::string answer(PluginLibrary& plugin, const std::string& bytes) {
  ScoreReply reply;
  try {
    const ScoreRequest request = decode_score_request(bytes);
    reply.request_id = request.request_id;
    RewardColumn column = plugin.score(request.cohort);
    reply.query = std::move(column.query);
    reply.target = std::move(column.target);
  } catch (const Error& error) {
    reply.refusal = error.what();
  }
  reply.version = plugin.version();
  return encode_score_reply(reply);
}

// The first message says whether the plug-in could be loaded.
std::string hello(const PluginLibrary* plugin, const std::string& refusal) {
  ScoreReply reply;
  reply.refusal = refusal;
  if (plugin != nullptr) reply.version = plugin->version();
  return encode_score_reply(reply);
}

int serve(const PluginSettings& settings) {
  const SystemClock clock;
  const Deadline deadline(clock, kForever, "a request");
  std::unique_ptr<PluginLibrary> plugin;
  std::string refusal;
  try {
    plugin = std::make_unique<PluginLibrary>(settings);
  } catch (const Error& error) {
    refusal = error.what();
  }
  auto request = receive_message(kHelperSocket, kMaxRequestBytes, deadline);
  if (!request) return 0;
  if (!send_message(kHelperSocket, hello(plugin.get(), refusal), deadline) ||
      !plugin) {
    return 1;
  }
  while (
      (request = receive_message(kHelperSocket, kMaxRequestBytes, deadline))) {
    if (!send_message(kHelperSocket, answer(*plugin, *request), deadline)) {
      break;
    }
  }
  return 0;
}

}  // namespace
}  // namespace ume

// ume-reward-plugin PATH SYMBOL [KEY VALUE]…
int main(int argc, char** argv) {
  if (argc < 3 || argc % 2 == 0) {
    std::fprintf(stderr,
                 "ume-reward-plugin is started by the reward service: "
                 "ume-reward-plugin PATH SYMBOL [KEY VALUE]...\n");
    return static_cast<int>(ume::ExitCode::kUsage);
  }
  ume::PluginSettings settings{argv[1], argv[2], {}};
  for (int i = 3; i + 1 < argc; i += 2) settings.params[argv[i]] = argv[i + 1];
  try {
    return ume::serve(settings);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ume-reward-plugin: %s: %s\n", argv[1], error.what());
    return static_cast<int>(ume::ExitCode::kFailure);
  }
}
