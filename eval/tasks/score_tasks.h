#pragma once

#include <string>
#include <vector>

#include "eval/report/eval_summary.h"
#include "eval/tasks/encoded_prompts.h"
#include "eval/tasks/evaluation_set.h"

namespace ume {

// Ranks every task's candidates, or the query's own where it has some, for
// every query and fills outcomes and means:
// discriminative against discriminative, generative (greedy) against
// generative, sampled query embeddings against greedy candidates. A prompt
// without an embedding scores 0 in that mode.
//
// encoded: one per set.prompts. The summary's stage, model, seed and seconds
// are the caller's to fill.
EvalSummary score_tasks(const EvaluationSet& set,
                        const std::vector<EncodedPrompt>& encoded);

// The candidate that the greedy generative embedding ranks first, by name;
// empty without an embedding.
std::string top_candidate(const EvalTask& task,
                          const EvalQuery& query,
                          const std::vector<EncodedPrompt>& encoded);

}  // namespace ume
