#include "actors/role_client.h"

#include <unistd.h>

#include <filesystem>

#include "common/config/config.h"
#include "common/wire/zmq_transport.h"

namespace ume {

std::unique_ptr<RequestClient> connect_to_coordinator(
    const RunDirectory& directory,
    const std::string& sender,
    uint32_t incarnation) {
  ZmqClientOptions options;
  options.endpoint = [directory]() -> std::string {
    const auto endpoints = read_endpoints(directory);
    return endpoints ? endpoints->coordinator : "";
  };
  options.resend_seconds = 0.5;
  return make_zmq_client({directory.run_id(), sender, incarnation}, options);
}

RunConfig load_run_config(const RunDirectory& directory) {
  const auto accepted = directory.accepted_config();
  return read_config<RunConfig>(std::filesystem::exists(accepted)
                                    ? accepted.string()
                                    : directory.config().string());
}

StageHook make_stage_hook(const RunConfig& config,
                          const RunDirectory& directory,
                          const std::string& role) {
  std::vector<StageKill> kills;
  for (const std::string& text : config.chaos.kill) {
    kills.push_back(parse_stage_kill(text));
  }
  return StageHook(kills, role, directory.root / "chaos");
}

PreparerOptions preparer_options(const RunConfig& config,
                                 const std::string& data) {
  PreparerOptions options;
  options.model_folder = config.model.path;
  options.prepare = config.data;
  options.record_folder = std::filesystem::absolute(data).parent_path();
  return options;
}

std::string shared_weight_folder() {
  return "/dev/shm/ume-" + std::to_string(geteuid());
}

}  // namespace ume
