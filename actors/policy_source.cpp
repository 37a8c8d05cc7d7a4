#include "actors/policy_source.h"

#include <memory>
#include <sstream>

#include "actors/role_client.h"
#include "common/config/config.h"
#include "common/files/files.h"

namespace ume {
namespace {

std::string without_reward(RunConfig config) {
  config.reward = RewardConfig();
  return dump_config(config);
}

std::string trimmed(const std::string& line) {
  const size_t begin = line.find_first_not_of(' ');
  return begin == std::string::npos ? "" : line.substr(begin);
}

// The first line in which they differ: "found …, the run has …"; empty: none.
std::string difference(const RunConfig& found, const RunConfig& expected) {
  std::istringstream a(without_reward(found));
  std::istringstream b(without_reward(expected));
  for (;;) {
    std::string of_a;
    std::string of_b;
    const bool more_a = static_cast<bool>(std::getline(a, of_a));
    const bool more_b = static_cast<bool>(std::getline(b, of_b));
    if (!more_a && !more_b) return "";
    if (of_a != of_b) {
      return "found '" + trimmed(of_a) + "', the run has '" + trimmed(of_b) +
             "'";
    }
  }
}

// The changed configuration. Throws ConfigError.
RunConfig read_changed(const RunDirectory& directory) {
  const std::string path = directory.config().string();
  auto changed = read_config<RunConfig>(path);
  const std::string other = difference(changed, load_run_config(directory));
  if (!other.empty()) {
    throw ConfigError(path +
                      ": only the section `reward` may change while the run "
                      "goes on; stop it and use --resume for the rest: " +
                      other);
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
