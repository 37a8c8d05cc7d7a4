#pragma once

#include <map>
#include <memory>
#include <string>

#include "common/types/cohort.h"
#include "common/types/reward_table.h"
#include "reward/plugin/ume_reward_plugin.h"

namespace ume {

struct PluginSettings {
  std::string path;  // of the shared object
  std::string symbol = "ume_reward_plugin_v1";
  std::map<std::string, std::string> params;
};

// A plug-in in this very process: what it does wrong happens to us. Not
// thread-safe.
class PluginLibrary {
 public:
  // Throws InvalidInput, naming file and fault: no shared object, no such
  // function, another ABI version, a description that is not whole, or what its
  // create() says.
  explicit PluginLibrary(const PluginSettings& settings);
  ~PluginLibrary();
  PluginLibrary(const PluginLibrary&) = delete;
  PluginLibrary& operator=(const PluginLibrary&) = delete;

  const std::string& version() const { return version_; }

  // cohort: as extension_input gives it. One cell a row; rows that it did not
  // write have NaN. Throws InvalidInput with its own words when it says that it
  // failed.
  RewardColumn score(const Cohort& cohort);

 private:
  void open(const PluginSettings& settings);
  void create(const PluginSettings& settings);

  const std::string path_;
  std::unique_ptr<void, int (*)(void*)> library_;
  const ume_reward_plugin* plugin_ = nullptr;
  std::string version_;
  void* state_ = nullptr;
};

}  // namespace ume
