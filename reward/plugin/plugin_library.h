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
  // Load a copy that nobody else has: a path that was loaded before would give
  // the old code again, whatever the file holds now.
  bool private_copy = false;
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
  // XXH3-128 of the private copy; empty without one.
  const std::string& content() const { return content_; }

  // cohort: as extension_input gives it. One cell a row; rows that it did not
  // write have NaN. Throws InvalidInput with its own words when it says that it
  // failed.
  RewardColumn score(const Cohort& cohort);

 private:
  void load(const PluginSettings& settings);
  void describe(const PluginSettings& settings);
  void create(const PluginSettings& settings);

  const std::string path_;
  std::unique_ptr<void, int (*)(void*)> library_;
  const ume_reward_plugin* plugin_ = nullptr;
  std::string version_;
  std::string content_;
  void* state_ = nullptr;
};

}  // namespace ume
