#pragma once

#include <cstdint>
#include <functional>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/types/record.h"

namespace ume {

// What the queries of a task are ranked against.
enum class EvaluationRanking : uint8_t {
  kGlobal,  // all candidates of the task
  kLocal,   // the row's own candidates
};

// A query row of the published benchmark, MMEB-V2
// (docs/formats/evaluation.md).
struct EvaluationQuery {
  PromptRecord prompt;
  std::vector<std::string> labels;
  std::vector<double> grades;  // relevance, one per label; empty: 1 each
  // Names; what a local task ranks. A global task does not look at them.
  std::vector<std::string> own_candidates;
};

// A candidate row; of several with one name the first counts.
struct EvaluationCandidate {
  PromptRecord prompt;
  std::string name;
};

// Rows from their JSON. `where` begins the message of the InvalidInput that is
// thrown for a missing or ill-typed member, a label that is not among the row's
// own candidates where it has some, a grade that is negative or not finite, and
// lists that must be as long as each other and are not.
// media_root: the root of every MediaRef.
EvaluationQuery parse_evaluation_query(const nlohmann::json& json,
                                       const std::string& where,
                                       const std::string& media_root);
EvaluationCandidate parse_evaluation_candidate(const nlohmann::json& json,
                                               const std::string& where,
                                               const std::string& media_root);

// The member "ranking" of a task of tasks.json; global where it is missing.
// Throws InvalidInput, whose message begins with `where`, for another value.
EvaluationRanking parse_evaluation_ranking(const nlohmann::json& task,
                                           const std::string& where);

// The candidates of one task, by name.
struct CandidateNames {
  std::string file;  // for messages
  std::function<bool(const std::string&)> contains;
};

// Why the row cannot be ranked in its task, as "dataset_infos.label_name:
// expected …, found …": a label that is no candidate of the task; in a local
// task also an own candidate that is none, or no own candidates. Empty when it
// can be.
std::optional<std::string> find_ranking_problem(
    const EvaluationQuery& query,
    EvaluationRanking ranking,
    const CandidateNames& candidates);

}  // namespace ume
