#pragma once

#include <filesystem>
#include <string>

#include "eval/eval_config.h"
#include "eval/report/eval_summary.h"
#include "eval/tasks/encoded_prompts.h"
#include "eval/tasks/evaluation_set.h"

namespace ume {

struct EvaluateOptions {
  std::string model;            // folder
  std::string prompt_template;  // empty: the model's own
  EvalConfig eval;
  std::filesystem::path shards;  // folder for the encoded prompts
  std::string programs;          // folder of ume-engine
  std::string label;             // for progress: "eval sft"
};

// Encodes every prompt of the set with the model, in `eval.processes` child
// processes side by side; shards that are there already are not made again. A
// child that dies is started once more. Throws Error with the child's code.
std::vector<EncodedPrompt> encode_with_model(const EvaluateOptions& options,
                                             const EvaluationSet& set);

// Encodes and scores. `stage` names the summary.
EvalSummary evaluate_stage(const EvaluateOptions& options,
                           const std::string& stage);

}  // namespace ume
