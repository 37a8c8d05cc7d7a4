#include "actors/run/run_config.h"

#include <algorithm>
#include <cctype>

namespace ume {
namespace {

void check(bool holds, const std::string& text) {
  if (!holds) throw ConfigError(text);
}

void validate_phases(const std::vector<std::string>& phases) {
  static const std::vector<std::string> kOrder = {"sft", "grpo", "eval"};
  check(!phases.empty(), "phases: expected at least one of sft, grpo, eval");
  ptrdiff_t last = -1;
  for (const std::string& phase : phases) {
    const auto at = std::find(kOrder.begin(), kOrder.end(), phase);
    check(at != kOrder.end(),
          "phases: unknown phase '" + phase + "', expected sft, grpo or eval");
    check(at - kOrder.begin() > last,
          "phases: expected the order sft, grpo, eval, each once; found '" +
              phase + "' too late");
    last = at - kOrder.begin();
  }
}

bool is_plain_name(const std::string& name) {
  return !name.empty() && name.size() <= 64 &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return std::isalnum(c) || c == '-' || c == '_';
         });
}

}  // namespace

bool RunConfig::has_phase(const std::string& name) const {
  return std::find(phases.begin(), phases.end(), name) != phases.end();
}

void RunConfig::validate() const {
  check(is_plain_name(run.name),
        "run.name: expected 1 to 64 letters, digits, '-' or '_', found '" +
            run.name + "'");
  check(run.seed >= 0, "run.seed: expected 0 or more");
  check(run.max_restarts >= 0, "run.max_restarts: expected 0 or more");
  check(!model.path.empty(), "model.path: expected a model folder");
  check(learner.ranks >= 1 && learner.ranks <= 1024,
        "learner.ranks: expected 1 to 1024");
  check(learner.threads >= 1 && learner.threads <= 1024,
        "learner.threads: expected 1 to 1024");
  check(learner.collective_timeout_seconds > 0,
        "learner.collective_timeout_seconds: expected more than 0");
  validate_phases(phases);
  data.validate();
  if (has_phase("sft")) {
    check(!sft.data.empty(), "sft.data: expected a file of annotated pairs");
    sft.validate();
  }
  if (has_phase("grpo")) {
    check(!grpo.data.empty(), "grpo.data: expected a list of pair files");
    grpo.validate();
    rollout.validate();
    reward.validate();
    check(reward_service.workers >= 1 && reward_service.workers <= 1024,
          "reward_service.workers: expected 1 to 1024");
    check(reward.normalise == "none" || grpo.advantage_scale == "none" ||
              grpo.normaliser == "dr_grpo",
          "grpo.advantage_scale: reward.normalise: component gives advantages "
          "that must not be divided again; expected none, found " +
              grpo.advantage_scale);
    check(rollout.sampling.max_new_tokens <= grpo.max_completion_tokens ||
              grpo.normaliser == "sequence_mean" ||
              grpo.normaliser == "token_mean",
          "grpo.max_completion_tokens: is the divisor of the loss and must be "
          "at least rollout.sampling.max_new_tokens");
  }
  if (has_phase("eval")) {
    check(!eval.tasks.empty(), "eval.tasks: expected a tasks.json");
    eval.validate();
  }
  checkpoint.validate();
  coordinator.validate();
  for (const std::string& text : chaos.kill) parse_stage_kill(text);
}

}  // namespace ume
