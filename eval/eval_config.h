#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/config/checks.h"
#include "eval/metrics/bootstrap.h"

namespace ume {

// What the eval phase measures, on which checkpoints.
struct EvalConfig {
  // tasks.json of an evaluation folder (docs/formats/evaluation.md).
  std::string tasks;
  std::string split = "test";
  // Which models: "base" is model.path, the others are the phases' exports.
  std::vector<std::string> stages = {"base", "sft", "grpo"};
  int64_t samples = 8;       // per query, for pass@k; 0: greedy only
  double temperature = 1.0;  // of those samples
  int64_t max_new_tokens = 8192;
  int64_t batch_tokens = 4096;  // prompt tokens computed together
  int64_t processes = 2;        // shards side by side on this host
  // A shard is done for when not one more batch is encoded for so long.
  double shard_timeout_seconds = 3600.0;
  int64_t seed = 7;
  int64_t bootstrap_resamples = 2000;
  // A figure measured earlier, printed beside the table; empty: none.
  std::string reference;

  BootstrapOptions bootstrap() const {
    BootstrapOptions options;
    options.resamples = bootstrap_resamples;
    options.seed = static_cast<uint64_t>(seed);
    return options;
  }

  void validate() const;
};

template <class V>
void visit_fields(V& v, EvalConfig& c) {
  v("tasks", c.tasks, "tasks.json of the evaluation folder");
  v("split", c.split, "which split of each task, e.g. dev or test");
  v("stages", c.stages,
    "models to measure: base (the starting model), sft or grpo; one whose "
    "phase the run does not have is skipped, and one has to be left");
  v("samples", c.samples, "sampled answers per query, for pass@k; 0: none");
  v("temperature", c.temperature, "softmax temperature of those samples");
  v("max_new_tokens", c.max_new_tokens, "longest answer in tokens");
  v("batch_tokens", c.batch_tokens, "prompt tokens computed together");
  v("processes", c.processes, "evaluation processes on this host");
  v("shard_timeout_seconds", c.shard_timeout_seconds,
    "the wait 'evaluation shard': a process that encodes not one more batch "
    "for so long ends the evaluation");
  v("seed", c.seed, "of the sampled answers and the bootstrap");
  v("bootstrap_resamples", c.bootstrap_resamples,
    "resamples behind each 95 % interval");
  v("reference", c.reference,
    "recorded figure to print beside the table (docs/formats/report.md); "
    "empty: none");
}

inline void EvalConfig::validate() const {
  const ConfigChecks check("eval");
  for (size_t i = 0; i < stages.size(); ++i) {
    check.one_of("stages[" + std::to_string(i) + "]", stages[i],
                 {"base", "sft", "grpo"});
  }
  check.within("samples", samples, 0, 1024);
  check.more_than("temperature", temperature, 0);
  check.within("max_new_tokens", max_new_tokens, 1, 131072);
  check.at_least("batch_tokens", batch_tokens, 1);
  check.within("processes", processes, 1, 256);
  check.more_than("shard_timeout_seconds", shard_timeout_seconds, 0);
  check.within("bootstrap_resamples", bootstrap_resamples, 100, 1'000'000);
}

}  // namespace ume
