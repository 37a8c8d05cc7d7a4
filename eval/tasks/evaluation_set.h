#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "common/types/record.h"

namespace ume {

struct EvalQuery {
  std::string id;
  std::string cluster;          // rows of one cluster are not independent
  std::string form;             // e.g. "text", "flag"; only shown
  int64_t prompt = 0;           // index into EvaluationSet::prompts
  std::vector<int64_t> labels;  // indices into the task's candidates
  std::vector<double> grades;   // one per label; empty: 1 each
  // What is ranked, indices into the task's candidates; empty: all of them.
  std::vector<int64_t> local;
};

struct EvalTask {
  std::string name;
  std::string description;
  std::string unseen;    // what training has not shown
  bool primary = false;  // carries the headline
  double chance = 0.0;   // hit@1 of a random order, mean over queries
  std::vector<EvalQuery> queries;
  std::vector<int64_t> candidates;           // indices into prompts
  std::vector<std::string> candidate_names;  // same order
};

// The tasks of one split, over one list of distinct prompts: what several tasks
// share is encoded once.
struct EvaluationSet {
  std::string split;
  std::filesystem::path media_root;
  std::vector<PromptRecord> prompts;
  std::vector<uint8_t> is_query;  // [prompts.size()]: samples are wanted too
  std::vector<EvalTask> tasks;
};

// Reads a tasks.json and the query and candidate files that it names
// (docs/formats/evaluation.md). Throws InvalidInput naming file, line and
// field; IoError; ConfigError when the split has no task.
EvaluationSet read_evaluation_set(const std::filesystem::path& tasks_file,
                                  const std::string& split);

}  // namespace ume
