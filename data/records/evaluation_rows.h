#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "common/types/record.h"

namespace ume {

// A query row of the published benchmark, MMEB-V2
// (docs/formats/evaluation.md).
struct EvaluationQuery {
  PromptRecord prompt;
  std::vector<std::string> labels;
  std::vector<std::string> own_candidates;  // names; empty: all of the task
};

// A candidate row; of several with one name the first counts.
struct EvaluationCandidate {
  PromptRecord prompt;
  std::string name;
};

// Rows from their JSON. `where` begins the message of the InvalidInput that is
// thrown for a missing or ill-typed member, a label that is not among the row's
// own candidates, and lists that must be as long as each other and are not.
// media_root: the root of every MediaRef.
EvaluationQuery parse_evaluation_query(const nlohmann::json& json,
                                       const std::string& where,
                                       const std::string& media_root);
EvaluationCandidate parse_evaluation_candidate(const nlohmann::json& json,
                                               const std::string& where,
                                               const std::string& media_root);

}  // namespace ume
