#include "launch/results/report_examples.h"

#include <algorithm>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <vector>

#include "common/files/files.h"
#include "data/media/media_file.h"
#include "eval/report/report_input.h"
#include "eval/tasks/score_tasks.h"
#include "launch/reward_environment.h"
#include "reward/reward_pipeline.h"
#include "reward/terms/format_rule.h"

namespace ume {
namespace {

namespace fs = std::filesystem;

constexpr size_t kNumExamples = 10;
constexpr int64_t kMaxPictureBytes = int64_t{256} << 10;  // a report's limit

struct Stage {
  EvalSummary summary;
  std::vector<EncodedPrompt> encoded;
};

// Where the report's copy of the query's picture goes, below the run's folder,
// with the picture's own suffix; empty when there is none to show. Pages of
// documents are pictures only once they are rendered.
fs::path picture_copy(const PromptRecord& prompt,
                      const fs::path& media_root,
                      size_t index) {
  if (prompt.images.empty()) return {};
  const MediaPath parsed = parse_media_path(prompt.images.front().path);
  if (parsed.page != 0) return {};
  const MediaFile file = open_media_file(media_root / parsed.file);
  if (file.size > kMaxPictureBytes ||
      content_of(file) != MediaContent::kPicture) {
    return {};
  }
  return fs::path("eval") / "pictures" /
         (std::to_string(index) + file.path.extension().string());
}

struct Choice {
  const EvalTask* task = nullptr;
  size_t query = 0;
};

Stage load_stage(const RunConfig& config,
                 const RunDirectory& directory,
                 const std::string& name,
                 const EvaluationSet& set) {
  const std::string path = (directory.eval() / (name + ".json")).string();
  return {parse_eval_summary(read_file(path, uint64_t{1} << 30), path),
          read_shards(directory.eval() / "shards" / name, config.eval.processes,
                      set.prompts.size())};
}

// Queries whose correctness changed come first, those with a picture before
// the others; one per combination, so that the examples differ.
std::vector<Choice> choose(const EvaluationSet& set,
                           const Stage& before,
                           const Stage& after) {
  std::vector<std::pair<int, Choice>> ranked;
  for (size_t t = 0; t < set.tasks.size(); ++t) {
    const EvalTask& task = set.tasks[t];
    if (!task.primary) continue;
    const auto& old_rows = before.summary.tasks.at(t).queries;
    const auto& new_rows = after.summary.tasks.at(t).queries;
    for (size_t q = 0; q < task.queries.size(); ++q) {
      const auto prompt = static_cast<size_t>(task.queries[q].prompt);
      const bool picture = !set.prompts[prompt].images.empty();
      const bool changed = old_rows.at(q).gen != new_rows.at(q).gen;
      ranked.push_back({-(2 * changed + picture), {&task, q}});
    }
  }
  std::stable_sort(
      ranked.begin(), ranked.end(),
      [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Choice> chosen;
  std::set<std::string> clusters;
  for (const auto& [rank, choice] : ranked) {
    if (chosen.size() == kNumExamples) break;
    if (clusters.insert(choice.task->queries[choice.query].cluster).second) {
      chosen.push_back(choice);
    }
  }
  return chosen;
}

void add_row(CohortSide& side, const EncodedPrompt& prompt, size_t dim) {
  side.completions.push_back(prompt.completion);
  std::vector<float> row = prompt.gen;
  row.resize(dim, 0.0f);
  side.gen_embeddings.insert(side.gen_embeddings.end(), row.begin(), row.end());
  side.has_embedding.push_back(prompt.gen_in_completion ? 1 : 0);
  side.completion_tokens.push_back(
      static_cast<int32_t>(prompt.completion_tokens));
}

// The configured reward of each example's greedy answer. There is one answer
// each, from any source: nothing to normalise and no negatives to choose.
std::vector<std::optional<double>> rewards_of(
    RewardConfig config,
    const std::vector<Choice>& choices,
    const std::vector<EncodedPrompt>& encoded) {
  Cohort cohort;
  cohort.num_pairs = static_cast<int64_t>(choices.size());
  cohort.group_size = 1;
  for (const EncodedPrompt& p : encoded) {
    cohort.dim = std::max(cohort.dim, static_cast<int64_t>(p.gen.size()));
  }
  for (size_t i = 0; i < choices.size(); ++i) {
    const EvalQuery& query = choices[i].task->queries[choices[i].query];
    const int64_t target =
        choices[i].task->candidates[static_cast<size_t>(query.labels.front())];
    cohort.dispatch_index.push_back(i);
    cohort.sources.push_back(choices[i].task->name);
    add_row(cohort.query, encoded[static_cast<size_t>(query.prompt)],
            static_cast<size_t>(cohort.dim));
    add_row(cohort.target, encoded[static_cast<size_t>(target)],
            static_cast<size_t>(cohort.dim));
  }
  config.negatives = {};
  config.normalise = "none";
  const RewardTable table =
      make_reward_pipeline(config, own_reward_environment()).score(cohort);
  std::vector<std::optional<double>> rewards;
  for (const RewardCell& cell : table.total.query) {
    rewards.push_back(cell.state == CellState::kValue
                          ? std::optional<double>(cell.value)
                          : std::nullopt);
  }
  return rewards;
}

// Of several right answers any will do.
bool is_right(const EvalTask& task,
              const EvalQuery& query,
              const std::string& candidate) {
  return std::any_of(
      query.labels.begin(), query.labels.end(), [&](int64_t label) {
        return candidate == task.candidate_names[static_cast<size_t>(label)];
      });
}

ExampleAnswer answer_in(const Stage& stage,
                        const Choice& choice,
                        std::optional<double> reward) {
  const EvalQuery& query = choice.task->queries[choice.query];
  ExampleAnswer answer;
  answer.completion =
      stage.encoded[static_cast<size_t>(query.prompt)].completion;
  answer.top_candidate = top_candidate(*choice.task, query, stage.encoded);
  answer.correct = is_right(*choice.task, query, answer.top_candidate);
  answer.reward = reward;
  return answer;
}

}  // namespace

void write_examples(const RunConfig& config, const RunDirectory& directory) {
  if (!fs::exists(directory.eval() / "sft.json") ||
      !fs::exists(directory.eval() / "grpo.json")) {
    return;
  }
  const EvaluationSet set =
      read_evaluation_set(config.eval.tasks, config.eval.split);
  const Stage before = load_stage(config, directory, "sft", set);
  const Stage after = load_stage(config, directory, "grpo", set);
  const std::vector<Choice> choices = choose(set, before, after);
  if (choices.size() < 2) return;
  const auto old_rewards = rewards_of(config.reward, choices, before.encoded);
  const auto new_rewards = rewards_of(config.reward, choices, after.encoded);
  std::vector<ExampleTrajectory> examples;
  std::vector<std::string> pictures;
  for (size_t i = 0; i < choices.size(); ++i) {
    const EvalTask& task = *choices[i].task;
    const EvalQuery& query = task.queries[choices[i].query];
    const PromptRecord& prompt = set.prompts[static_cast<size_t>(query.prompt)];
    ExampleTrajectory example;
    example.task = task.name;
    example.query = prompt.text;
    example.expected =
        task.candidate_names[static_cast<size_t>(query.labels.front())];
    example.before = answer_in(before, choices[i], old_rewards[i]);
    example.after = answer_in(after, choices[i], new_rewards[i]);
    examples.push_back(std::move(example));
    const fs::path copy = picture_copy(prompt, set.media_root, i);
    pictures.push_back(copy.string());
    if (copy.empty()) continue;
    make_directories((directory.root / copy).parent_path().string());
    write_file_atomic(
        (directory.root / copy).string(),
        read_file((set.media_root / prompt.images.front().path).string()));
  }
  write_file_atomic((directory.eval() / "examples.json").string(),
                    examples_json(examples, pictures));
}

}  // namespace ume
