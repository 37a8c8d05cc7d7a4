#include "actors/rewards/policy_source.h"

#include <memory>

#include "actors/role_client.h"
#include "actors/run/config_difference.h"
#include "common/config/config.h"
#include "common/files/files.h"

namespace ume {
namespace {

RunConfig without_reward(RunConfig config) {
  config.reward = RewardConfig();
  return config;
}

// The changed configuration. Throws ConfigError.
RunConfig read_changed(const RunDirectory& directory) {
  const std::string path = directory.config().string();
  auto changed = read_config<RunConfig>(path);
  const auto other = first_difference(
      without_reward(changed), without_reward(load_run_config(directory)));
  if (other) {
    throw ConfigError(path +
                      ": only the section `reward` may change while the run "
                      "goes on; stop it and use --resume for the rest: found "
                      "'" +
                      other->found + "', the run has '" + other->expected +
                      "'");
  }
  return changed;
}

}  // namespace

PolicySource run_policy_source(const RunDirectory& directory,
                               const RewardEnvironment& environment) {
  PolicySource source;
  source.path = directory.config().string();
  source.accepted_path = directory.accepted_config().string();
  const auto read = std::make_shared<std::string>();
  source.load = [directory, environment, read] {
    const RunConfig changed = read_changed(directory);
    *read = dump_config(changed);
    return make_reward_pipeline(changed.reward, environment);
  };
  source.load_accepted = [directory, environment] {
    return make_reward_pipeline(load_run_config(directory).reward, environment);
  };
  source.accept = [path = source.accepted_path, read] {
    write_file_atomic(path, *read);
  };
  return source;
}

}  // namespace ume
