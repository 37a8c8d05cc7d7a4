#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

// What an evaluation leaves behind: outcomes per query, from which tables,
// intervals and reports are computed later (`eval/STAGE.json` in a run).
namespace ume {

// One test query under one model.
struct QueryOutcome {
  std::string id;       // unique within its task
  std::string cluster;  // drawn together in the bootstrap; empty: by itself
  double disc = 0.0;    // the task's main metric, discriminative embeddings
  double gen = 0.0;     // the same, greedy generative embedding
  // How many of TaskSummary::num_samples sampled generative embeddings rank
  // the right candidate first.
  int64_t successes = 0;
  // Whether the greedy reasoning writes its answer out; none where the
  // question does not arise.
  std::optional<bool> careful;
  bool well_formed = false;  // the greedy completion keeps the strict format
  bool operator==(const QueryOutcome&) const = default;
};

struct TaskSummary {
  std::string name;  // key, e.g. "two_hop_flag"
  // Of the questions, their right answers and the candidates; empty: unknown.
  std::string digest;
  std::string title;        // for people
  bool worked_out = false;  // the answer must be worked out: carries the claim
  std::string main_metric = "hit@1";
  int64_t num_candidates = 0;
  double chance = 0.0;      // main metric of a random order, mean over queries
  int64_t num_samples = 0;  // sampled generative embeddings per query
  std::map<std::string, double> disc_metrics;  // means by name, e.g. ndcg@5
  std::map<std::string, double> gen_metrics;
  std::vector<QueryOutcome> queries;
  bool operator==(const TaskSummary&) const = default;
};

struct EvalSummary {
  std::string stage;  // "base", "sft", "grpo", …
  std::string model;  // folder of the weights
  std::string split;  // e.g. "test"
  int64_t seed = 0;   // of the training run
  double seconds = 0.0;
  int64_t generated_tokens = 0;
  std::vector<TaskSummary> tasks;
  bool operator==(const EvalSummary&) const = default;
};

// Throws InvalidInput, naming task and query, unless task names and query ids
// are unique, numbers are finite, scores in [0, 1] and successes in
// [0, num_samples].
void check_summary(const EvalSummary& summary);

// JSON, indented; the same summary gives the same bytes.
std::string to_json(const EvalSummary& summary);

// source: the file's name, for messages. Throws InvalidInput.
EvalSummary parse_eval_summary(const std::string& text,
                               const std::string& source);

}  // namespace ume
