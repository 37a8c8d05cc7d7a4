#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "actors/run/stage_hook.h"
#include "common/error/error.h"
#include "coordinator/coordinator_config.h"
#include "data/prepare/prepare_config.h"
#include "eval/eval_config.h"
#include "learner/checkpoint/checkpoint_config.h"
#include "learner/grpo/grpo_config.h"
#include "learner/sft/sft_config.h"
#include "reward/reward_config.h"
#include "rollout/rollout_config.h"

namespace ume {

struct RunSection {
  std::string name = "run";
  std::string directory;  // empty: runs/NAME
  int64_t seed = 42;
  int64_t max_restarts = 20;

  std::string resolved_directory() const {
    return directory.empty() ? "runs/" + name : directory;
  }
};

template <class V>
void visit_fields(V& v, RunSection& c) {
  v("name", c.name, "names the run: letters, digits, '-' and '_'");
  v("directory", c.directory, "where everything goes; empty: runs/NAME");
  v("seed", c.seed, "of every random stream of the run");
  v("max_restarts", c.max_restarts,
    "restarts of dead roles, all together, before the run gives up");
}

struct ModelSection {
  std::string
      path;  // folder in the hub's layout that the first phase starts from
};

template <class V>
void visit_fields(V& v, ModelSection& c) {
  v("path", c.path, "model folder (Hugging Face layout) to start from");
}

struct RewardServiceSection {
  int64_t workers = 1;
};

template <class V>
void visit_fields(V& v, RewardServiceSection& c) {
  v("workers", c.workers,
    "reward services; several score an update's cohorts side by side");
}

struct LearnerSection {
  int64_t ranks = 1;
  int64_t threads = 1;
  double collective_timeout_seconds = 120.0;
};

template <class V>
void visit_fields(V& v, LearnerSection& c) {
  v("ranks", c.ranks, "MPI ranks of the learner on this host");
  v("threads", c.threads,
    "LibTorch threads of each rank and sampler; 1 keeps runs bit-exact");
  v("collective_timeout_seconds", c.collective_timeout_seconds,
    "a rank that is late for so long ends the learner, which is restarted");
}

// A testing facility: roles that kill themselves, once each.
struct ChaosSection {
  std::vector<std::string> kill;  // ROLE:STAGE or ROLE:STAGE:N
};

template <class V>
void visit_fields(V& v, ChaosSection& c) {
  v("kill", c.kill,
    "for tests: SIGKILL a role at a named stage, ROLE:STAGE[:VISIT], once");
}

// One run, from one YAML file (docs/configuration.md); `ume config schema`
// prints every key of it.
struct RunConfig {
  RunSection run;
  ModelSection model;
  PrepareConfig data;
  std::vector<std::string> phases = {"sft", "grpo", "eval"};
  SftConfig sft;
  GrpoConfig grpo;
  RolloutConfig rollout;
  RewardConfig reward;
  RewardServiceSection reward_service;
  LearnerSection learner;
  CheckpointConfig checkpoint;
  CoordinatorConfig coordinator;
  EvalConfig eval;
  ChaosSection chaos;

  bool has_phase(const std::string& name) const;
  void validate() const;
};

template <class V>
void visit_fields(V& v, RunConfig& c) {
  v("run", c.run, "name, place and seed");
  v("model", c.model, "what to start from");
  v("data", c.data, "how prompts are made of records");
  v("phases", c.phases, "in order: sft, grpo, eval; any may be left out");
  v("sft", c.sft, "supervised cold start, on the learner alone");
  v("grpo", c.grpo, "group-relative policy optimisation");
  v("rollout", c.rollout, "samplers");
  v("reward", c.reward, "the reward policy");
  v("reward_service", c.reward_service, "the processes that score");
  v("learner", c.learner, "MPI ranks");
  v("checkpoint", c.checkpoint, "when and how training states are saved");
  v("coordinator", c.coordinator, "leases, deadlines, web page");
  v("eval", c.eval, "what is measured at the end");
  v("chaos", c.chaos, "fault injection for tests");
}

}  // namespace ume
