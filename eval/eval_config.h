#pragma once

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "common/error/error.h"
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

  void validate() const {
    const auto need = [](bool holds, const std::string& text) {
      if (!holds) throw ConfigError("eval." + text);
    };
    need(samples >= 0 && samples <= 1024, "samples: expected 0 to 1024");
    need(temperature > 0, "temperature: expected more than 0");
    need(max_new_tokens >= 1, "max_new_tokens: expected 1 or more");
    need(batch_tokens >= 1, "batch_tokens: expected 1 or more");
    need(processes >= 1 && processes <= 256, "processes: expected 1 to 256");
    need(shard_timeout_seconds > 0 && std::isfinite(shard_timeout_seconds),
         "shard_timeout_seconds: expected a number > 0");
    need(bootstrap_resamples >= 100,
         "bootstrap_resamples: expected 100 or more");
  }
};

template <class V>
void visit_fields(V& v, EvalConfig& c) {
  v("tasks", c.tasks, "tasks.json of the evaluation folder");
  v("split", c.split, "which split of each task, e.g. dev or test");
  v("stages", c.stages,
    "models to measure: base (the starting model) or a phase's name");
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

}  // namespace ume
