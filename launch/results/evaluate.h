#pragma once

#include <atomic>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/prepare/prepare_config.h"
#include "eval/eval_config.h"
#include "eval/report/eval_summary.h"
#include "eval/tasks/encoded_prompts.h"
#include "eval/tasks/encoding_job.h"
#include "eval/tasks/evaluation_set.h"

namespace ume {

struct EvaluateOptions {
  std::string model;  // folder
  // How prompts are made. "." among the media roots is that of training files:
  // here it is the evaluation set's own media_root.
  PrepareConfig data;
  EvalConfig eval;
  std::filesystem::path shards;             // folder for the encoded prompts
  std::string programs;                     // folder of ume-engine
  std::string label;                        // for progress: "eval sft"
  const std::atomic<bool>* stop = nullptr;  // optional, borrowed: end early
};

// What the options ask for on this set. Reads the model's files.
EncodingJob encoding_job(const EvaluateOptions& options,
                         const EvaluationSet& set);

// Encodes every prompt of the set with the model, in `eval.processes` child
// processes side by side; the job's shards that are there already are not made
// again, those of another job are removed, with a line on stderr. A child that
// dies is started once more. Empty when `stop` was set before the end: the
// children have been ended, shards that are whole stay.
// Throws Error with the child's code, DeadlineExceeded when a child shows no
// progress for eval.shard_timeout_seconds.
std::optional<std::vector<EncodedPrompt>> encode_with_model(
    const EvaluateOptions& options,
    const EncodingJob& job,
    const EvaluationSet& set);

// Encodes and scores. `stage` names the summary. Empty when stopped.
std::optional<EvalSummary> evaluate_stage(const EvaluateOptions& options,
                                          const EncodingJob& job,
                                          const EvaluationSet& set,
                                          const std::string& stage);

}  // namespace ume
