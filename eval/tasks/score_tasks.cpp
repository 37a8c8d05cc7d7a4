#include "eval/tasks/score_tasks.h"

#include <algorithm>
#include <bit>

#include "common/hash/xxh3.h"
#include "eval/metrics/ranking.h"
#include "eval/metrics/retrieval_metrics.h"
#include "reward/terms/format_rule.h"

namespace ume {
namespace {

using Embedding = std::vector<float> EncodedPrompt::*;

// A task's candidates in one mode, stacked; one without an embedding is zeros.
struct CandidateTable {
  std::vector<float> values;  // [num_candidates, dim]
  int64_t dim = 0;
};

CandidateTable stack_candidates(const EvalTask& task,
                                const std::vector<EncodedPrompt>& encoded,
                                Embedding mode) {
  CandidateTable table;
  for (const int64_t c : task.candidates) {
    const auto& row = encoded[static_cast<size_t>(c)].*mode;
    table.dim = std::max(table.dim, static_cast<int64_t>(row.size()));
  }
  for (const int64_t c : task.candidates) {
    const auto& row = encoded[static_cast<size_t>(c)].*mode;
    table.values.insert(table.values.end(), row.begin(), row.end());
    table.values.resize(
        table.values.size() + static_cast<size_t>(table.dim) - row.size(),
        0.0f);
  }
  return table;
}

std::vector<int64_t> ranking_of(const std::vector<float>& query,
                                const CandidateTable& table,
                                const EvalQuery& row) {
  if (query.empty() || table.dim == 0) return {};
  const std::vector<float> scores =
      score_matrix(query, table.values, table.dim);
  return row.local.empty() ? rank_candidates(scores)
                           : rank_listed(scores, row.local);
}

std::map<std::string, double> named(const MetricValues& means) {
  std::map<std::string, double> result;
  for (size_t i = 0; i < metric_names().size(); ++i) {
    result[metric_names()[i]] = means.values[i];
  }
  return result;
}

// Only of queries that have such: without, digests stay what they were.
void hash_ranking(const EvalQuery& query, Xxh3Hasher& hasher) {
  if (!query.local.empty()) {
    hasher.update_field("local").update_u64(query.local.size());
    for (const int64_t candidate : query.local) {
      hasher.update_u64(static_cast<uint64_t>(candidate));
    }
  }
  if (!query.grades.empty()) {
    hasher.update_field("grades");
    for (const double grade : query.grades) {
      hasher.update_u64(std::bit_cast<uint64_t>(grade));
    }
  }
}

// Names what was asked: two evaluations with the same digest can be paired.
std::string task_digest(const EvaluationSet& set, const EvalTask& task) {
  Xxh3Hasher hasher;
  for (const std::string& name : task.candidate_names) {
    hasher.update_field(name);
  }
  for (const EvalQuery& query : task.queries) {
    const PromptRecord& prompt = set.prompts[static_cast<size_t>(query.prompt)];
    hasher.update_field(query.id).update_field(prompt.text);
    hasher.update_u64(prompt.images.size()).update_u64(query.labels.size());
    for (const MediaRef& image : prompt.images) hasher.update_field(image.path);
    for (const MediaRef& frame : prompt.frames) hasher.update_field(frame.path);
    for (const int64_t label : query.labels) {
      hasher.update_u64(static_cast<uint64_t>(label));
    }
    hash_ranking(query, hasher);
  }
  return hasher.hex();
}

class TaskScorer {
 public:
  TaskScorer(const EvalTask& task, const std::vector<EncodedPrompt>& encoded)
      : task_(task),
        encoded_(encoded),
        disc_(stack_candidates(task, encoded, &EncodedPrompt::disc)),
        gen_(stack_candidates(task, encoded, &EncodedPrompt::gen)) {}

  TaskSummary run();

 private:
  MetricValues metrics(const std::vector<float>& embedding,
                       const CandidateTable& table,
                       const EvalQuery& query);
  QueryOutcome score(const EvalQuery& query);

  const EvalTask& task_;
  const std::vector<EncodedPrompt>& encoded_;
  CandidateTable disc_;
  CandidateTable gen_;
  std::vector<MetricValues> disc_metrics_;
  std::vector<MetricValues> gen_metrics_;
};

MetricValues TaskScorer::metrics(const std::vector<float>& embedding,
                                 const CandidateTable& table,
                                 const EvalQuery& query) {
  return query_metrics(ranking_of(embedding, table, query), query.labels,
                       query.grades);
}

QueryOutcome TaskScorer::score(const EvalQuery& query) {
  const EncodedPrompt& prompt = encoded_[static_cast<size_t>(query.prompt)];
  disc_metrics_.push_back(metrics(prompt.disc, disc_, query));
  gen_metrics_.push_back(metrics(prompt.gen, gen_, query));
  QueryOutcome outcome;
  outcome.id = query.id;
  outcome.cluster = query.cluster;
  outcome.disc = disc_metrics_.back().at(Metric::kHit, 0);
  outcome.gen = gen_metrics_.back().at(Metric::kHit, 0);
  for (const std::vector<float>& sample : prompt.samples) {
    outcome.successes += metrics(sample, gen_, query).at(Metric::kHit, 0) > 0.0;
  }
  if (task_.primary) outcome.careful = answer_in_reasoning(prompt.completion);
  outcome.well_formed = has_strict_answer_format(prompt.completion);
  return outcome;
}

TaskSummary TaskScorer::run() {
  TaskSummary summary;
  summary.name = task_.name;
  summary.title = task_.description.empty() ? task_.name : task_.description;
  summary.worked_out = task_.primary;
  summary.num_candidates = static_cast<int64_t>(task_.candidates.size());
  summary.chance = task_.chance;
  for (const EvalQuery& query : task_.queries) {
    const auto& samples = encoded_[static_cast<size_t>(query.prompt)].samples;
    summary.num_samples = static_cast<int64_t>(samples.size());
    summary.queries.push_back(score(query));
  }
  summary.disc_metrics = named(mean_metrics(disc_metrics_));
  summary.gen_metrics = named(mean_metrics(gen_metrics_));
  return summary;
}

}  // namespace

std::string top_candidate(const EvalTask& task,
                          const EvalQuery& query,
                          const std::vector<EncodedPrompt>& encoded) {
  const CandidateTable table =
      stack_candidates(task, encoded, &EncodedPrompt::gen);
  const std::vector<int64_t> ranking =
      ranking_of(encoded[static_cast<size_t>(query.prompt)].gen, table, query);
  return ranking.empty()
             ? ""
             : task.candidate_names[static_cast<size_t>(ranking.front())];
}

EvalSummary score_tasks(const EvaluationSet& set,
                        const std::vector<EncodedPrompt>& encoded) {
  EvalSummary summary;
  summary.split = set.split;
  for (const EvalTask& task : set.tasks) {
    summary.tasks.push_back(TaskScorer(task, encoded).run());
    summary.tasks.back().digest = task_digest(set, task);
  }
  for (const EncodedPrompt& prompt : encoded) {
    summary.generated_tokens += prompt.completion_tokens;
  }
  return summary;
}

}  // namespace ume
