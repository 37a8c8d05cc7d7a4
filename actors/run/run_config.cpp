#include "actors/run/run_config.h"

#include <algorithm>
#include <cctype>

#include "common/config/checks.h"

namespace ume {
namespace {

void validate_phases(const std::vector<std::string>& phases) {
  static const std::vector<std::string> kOrder = {"sft", "grpo", "eval"};
  const ConfigChecks check("");
  check.that(!phases.empty(), "phases", "", "at least one of sft, grpo, eval");
  ptrdiff_t last = -1;
  for (size_t i = 0; i < phases.size(); ++i) {
    const std::string name = "phases[" + std::to_string(i) + "]";
    check.one_of(name, phases[i], kOrder);
    const auto at = std::find(kOrder.begin(), kOrder.end(), phases[i]);
    check.that(at - kOrder.begin() > last, name, phases[i],
               "the order sft, grpo, eval, each once");
    last = at - kOrder.begin();
  }
}

// Else there would be nothing to report, after all the training.
void validate_stages(const RunConfig& config) {
  std::string found = "none";
  for (const std::string& stage : config.eval.stages) {
    if (stage == "base" || config.has_phase(stage)) return;
    found = stage + ", which is no phase of this run";
  }
  throw ConfigError("eval.stages: expected base or a phase of the run, found " +
                    found);
}

bool is_plain_name(const std::string& name) {
  return !name.empty() && name.size() <= 64 &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return std::isalnum(c) || c == '-' || c == '_';
         });
}

// Also what the sections that GRPO needs ask of each other.
void validate_grpo(const RunConfig& config) {
  const ConfigChecks check("");
  const GrpoConfig& grpo = config.grpo;
  check.that(!grpo.data.empty(), "grpo.data", grpo.data,
             "a file of pairs, or a list of such files");
  grpo.validate();
  config.rollout.validate();
  config.reward.validate();
  check.within("reward_service.workers", config.reward_service.workers, 1,
               1024);
  check.that(config.reward.normalise == "none" ||
                 grpo.advantage_scale == "none" || grpo.normaliser == "dr_grpo",
             "grpo.advantage_scale", grpo.advantage_scale,
             "none, as reward.normalise: component gives advantages that must "
             "not be divided again");
  check.that(
      config.rollout.sampling.max_new_tokens <= grpo.max_completion_tokens ||
          grpo.normaliser == "sequence_mean" || grpo.normaliser == "token_mean",
      "grpo.max_completion_tokens", grpo.max_completion_tokens,
      "at least rollout.sampling.max_new_tokens, as it is the divisor of the "
      "loss");
}

}  // namespace

bool RunConfig::has_phase(const std::string& name) const {
  return std::find(phases.begin(), phases.end(), name) != phases.end();
}

void RunConfig::validate() const {
  const ConfigChecks check("");
  check.that(is_plain_name(run.name), "run.name", run.name,
             "1 to 64 letters, digits, '-' or '_'");
  check.at_least("run.seed", run.seed, 0);
  check.at_least("run.max_restarts", run.max_restarts, 0);
  check.that(!model.path.empty(), "model.path", model.path, "a model folder");
  check.within("learner.ranks", learner.ranks, 1, 1024);
  check.within("learner.threads", learner.threads, 1, 1024);
  check.more_than("learner.collective_timeout_seconds",
                  learner.collective_timeout_seconds, 0);
  validate_phases(phases);
  data.validate();
  if (has_phase("sft")) {
    check.that(!sft.data.empty(), "sft.data", sft.data,
               "a file of annotated pairs");
    sft.validate();
  }
  if (has_phase("grpo")) validate_grpo(*this);
  if (has_phase("eval")) {
    check.that(!eval.tasks.empty(), "eval.tasks", eval.tasks, "a tasks.json");
    eval.validate();
    validate_stages(*this);
  }
  checkpoint.validate();
  coordinator.validate();
  for (const std::string& text : chaos.kill) parse_stage_kill(text);
}

}  // namespace ume
