#include "reward/plugin/plugin_term.h"

#include <mutex>
#include <optional>
#include <utility>

#include "common/error/error.h"
#include "reward/extension_input.h"
#include "reward/plugin/plugin_library.h"
#include "reward/plugin/plugin_process.h"

namespace ume {
namespace {

class IsolatedPlugin : public RewardPolicy {
 public:
  IsolatedPlugin(const ExtensionConfig& config, const std::string& programs)
      : process_(config, programs) {}

  std::string_view name() const override { return "plugin"; }
  bool compares_pairs() const override { return false; }
  std::string fingerprint() const override { return process_.content(); }

  RewardColumn score(const CohortView& view) const override {
    const Cohort input = extension_input(view);
    const std::lock_guard lock(mu_);
    return process_.score(input);
  }

  void report(std::map<std::string, double>& metrics) const override {
    const std::lock_guard lock(mu_);
    metrics["calls"] = static_cast<double>(process_.num_calls());
    metrics["failures"] = static_cast<double>(process_.num_failures());
    metrics["starts"] = static_cast<double>(process_.num_starts());
  }
  double blocked_seconds() const override {
    const std::lock_guard lock(mu_);
    return process_.blocked_seconds();
  }

 private:
  mutable std::mutex mu_;
  mutable PluginProcess process_;  // guarded by mu_
};

class InProcessPlugin : public RewardPolicy {
 public:
  explicit InProcessPlugin(const ExtensionConfig& config)
      : library_({config.path, config.symbol, config.params, true}) {}

  std::string_view name() const override { return "plugin"; }
  bool compares_pairs() const override { return false; }
  std::string fingerprint() const override { return library_.content(); }

  RewardColumn score(const CohortView& view) const override {
    const Cohort input = extension_input(view);
    const std::lock_guard lock(mu_);
    return library_.score(input);
  }

 private:
  mutable std::mutex mu_;
  mutable PluginLibrary library_;  // guarded by mu_
};

}  // namespace

std::unique_ptr<RewardPolicy> make_plugin_term(
    const RewardTermConfig& config, const RewardEnvironment& environment) {
  config.extension.validate(config.name, "reward.terms." + config.column());
  const std::string where = "reward.terms." + config.column() + ": ";
  try {
    if (config.extension.isolation == "none") {
      return std::make_unique<InProcessPlugin>(config.extension);
    }
    if (environment.programs.empty()) {
      throw ConfigError("there is no ume-reward-plugin to run it in");
    }
    return std::make_unique<IsolatedPlugin>(config.extension,
                                            environment.programs);
  } catch (const Error& error) {
    throw ConfigError(where + error.what());
  }
}

}  // namespace ume
