#include "eval/tasks/evaluation_set.h"

#include <cstring>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <unordered_map>

#include "common/error/error.h"
#include "common/files/files.h"
#include "common/files/line_reader.h"
#include "common/tensorfile/bounded_json.h"
#include "data/records/evaluation_rows.h"
#include "eval/metrics/pass_at_k.h"

namespace ume {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

constexpr size_t kMaxLineBytes = size_t{1} << 20;
constexpr size_t kMaxRows = 10'000'000;

Json parse_object(std::string_view text, const std::string& where) {
  Json json = parse_json(text, where);
  if (!json.is_object()) {
    throw InvalidInput(where + ": expected one JSON object");
  }
  return json;
}

template <class T>
T field(const Json& json, const char* name, const std::string& where) {
  try {
    return json.at(name).get<T>();
  } catch (const Json::exception& error) {
    throw InvalidInput(where + ": field '" + name + "': " + error.what());
  }
}

template <class T>
T field_or(const Json& json,
           const char* name,
           T fallback,
           const std::string& where) {
  return json.contains(name) ? field<T>(json, name, where) : fallback;
}

void for_each_row(
    const fs::path& path,
    const std::function<void(const Json&, const std::string&)>& use_row) {
  std::ifstream file(path);
  if (!file) throw IoError("cannot open " + path.string());
  LineReader lines(file, path.string(), kMaxLineBytes);
  while (const auto line = lines.next()) {
    const std::string where =
        path.string() + ":" + std::to_string(line->number);
    if (line->is_too_long || line->number > kMaxRows) {
      throw InvalidInput(where + ": longer than the limit of " +
                         std::to_string(kMaxLineBytes) + " bytes a line and " +
                         std::to_string(kMaxRows) + " lines");
    }
    if (!line->is_blank()) use_row(parse_object(line->text, where), where);
  }
}

void strip(std::string& text) {
  constexpr const char* kBlank = " \t\r\n";
  text.erase(0, std::min(text.find_first_not_of(kBlank), text.size()));
  text.erase(text.find_last_not_of(kBlank) + 1);
}

// The row's prompt as the model sees it: the text without its place-holders.
PromptRecord bare(PromptRecord record) {
  for (const char* marker : {"<|video_pad|>", "<|image_pad|>"}) {
    const size_t at = record.text.find(marker);
    if (at != std::string::npos) record.text.erase(at, std::strlen(marker));
  }
  strip(record.text);
  return record;
}

int64_t num_distinct(const std::vector<int64_t>& indices) {
  return static_cast<int64_t>(
      std::set<int64_t>(indices.begin(), indices.end()).size());
}

double mean_chance(const EvalTask& task) {
  double sum = 0.0;
  for (const EvalQuery& query : task.queries) {
    sum += chance_hit(num_distinct(query.labels),
                      query.local.empty()
                          ? static_cast<int64_t>(task.candidates.size())
                          : num_distinct(query.local));
  }
  return sum / static_cast<double>(task.queries.size());
}

class Reader {
 public:
  explicit Reader(EvaluationSet& set) : set_(set) {
    known_.contains = [this](const std::string& name) {
      return candidates_.contains(name);
    };
  }
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  void read_task(const Json& listing,
                 const fs::path& folder,
                 const std::string& where);

 private:
  int64_t prompt_index(const PromptRecord& record);
  void read_candidates(const fs::path& path, EvalTask& task);
  void read_queries(const fs::path& path, EvalTask& task);
  EvalQuery read_query(const Json& row, const std::string& where);
  // All names are the task's.
  std::vector<int64_t> candidate_indices(
      const std::vector<std::string>& names) const;

  EvaluationSet& set_;
  std::map<std::string, int64_t> prompts_;
  // Of the task that is being read.
  EvaluationRanking ranking_ = EvaluationRanking::kGlobal;
  std::unordered_map<std::string, int64_t> candidates_;
  CandidateNames known_;
};

int64_t Reader::prompt_index(const PromptRecord& record) {
  std::string key = record.text;
  for (const MediaRef& image : record.images) key += '\n' + image.path;
  key += '\r';
  for (const MediaRef& frame : record.frames) key += '\n' + frame.path;
  const auto [at, added] =
      prompts_.emplace(key, static_cast<int64_t>(set_.prompts.size()));
  if (added) {
    set_.prompts.push_back(record);
    set_.is_query.push_back(0);
  }
  return at->second;
}

void Reader::read_candidates(const fs::path& path, EvalTask& task) {
  candidates_.clear();
  known_.file = path.string();
  for_each_row(path, [&](const Json& row, const std::string& where) {
    EvaluationCandidate candidate = parse_evaluation_candidate(row, where, ".");
    const auto index = static_cast<int64_t>(task.candidates.size());
    // De-duplicated by name, the first one wins.
    if (!candidates_.emplace(candidate.name, index).second) return;
    task.candidates.push_back(prompt_index(bare(std::move(candidate.prompt))));
    task.candidate_names.push_back(std::move(candidate.name));
  });
  if (task.candidates.size() < 2) {
    throw InvalidInput(path.string() + ": expected at least 2 candidates");
  }
}

std::vector<int64_t> Reader::candidate_indices(
    const std::vector<std::string>& names) const {
  std::vector<int64_t> indices;
  for (const std::string& name : names) indices.push_back(candidates_.at(name));
  return indices;
}

EvalQuery Reader::read_query(const Json& row, const std::string& where) {
  EvalQuery query;
  query.id = field_or(row, "id", where, where);
  query.cluster = field_or(row, "cluster", query.id, where);
  query.form = field_or<std::string>(row, "form", "", where);
  EvaluationQuery parsed = parse_evaluation_query(row, where, ".");
  if (const auto problem = find_ranking_problem(parsed, ranking_, known_)) {
    throw InvalidInput(where + ": " + *problem);
  }
  query.prompt = prompt_index(bare(std::move(parsed.prompt)));
  set_.is_query[static_cast<size_t>(query.prompt)] = 1;
  query.labels = candidate_indices(parsed.labels);
  query.grades = std::move(parsed.grades);
  if (ranking_ == EvaluationRanking::kLocal) {
    query.local = candidate_indices(parsed.own_candidates);
  }
  return query;
}

void Reader::read_queries(const fs::path& path, EvalTask& task) {
  for_each_row(path, [&](const Json& row, const std::string& where) {
    task.queries.push_back(read_query(row, where));
  });
  if (task.queries.empty()) {
    throw InvalidInput(path.string() + ": expected at least one query");
  }
}

void Reader::read_task(const Json& listing,
                       const fs::path& folder,
                       const std::string& where) {
  EvalTask task;
  task.name = field<std::string>(listing, "name", where);
  task.description = field_or<std::string>(listing, "description", "", where);
  task.unseen = field_or<std::string>(listing, "unseen", "", where);
  task.primary = field_or(listing, "primary", false, where);
  ranking_ = parse_evaluation_ranking(listing, where);
  read_candidates(folder / field<std::string>(listing, "candidates", where),
                  task);
  read_queries(folder / field<std::string>(listing, "queries", where), task);
  task.chance = mean_chance(task);
  set_.tasks.push_back(std::move(task));
}

}  // namespace

EvaluationSet read_evaluation_set(const fs::path& tasks_file,
                                  const std::string& split) {
  const std::string where = tasks_file.string();
  const Json json = parse_object(read_file(where), where);
  EvaluationSet set;
  set.split = split;
  set.media_root = (fs::absolute(tasks_file).parent_path() /
                    field_or<std::string>(json, "media_root", ".", where))
                       .lexically_normal();
  Reader reader(set);
  std::string known;
  const auto tasks = field<std::vector<Json>>(json, "tasks", where);
  for (size_t i = 0; i < tasks.size(); ++i) {
    const std::string which = where + ": tasks[" + std::to_string(i) + "]";
    const auto name = field<std::string>(tasks[i], "split", which);
    if (known.find("'" + name + "'") == std::string::npos) {
      known += " '" + name + "'";
    }
    if (name == split) {
      reader.read_task(tasks[i], tasks_file.parent_path(), which);
    }
  }
  if (set.tasks.empty()) {
    throw ConfigError(where + ": no task of split '" + split +
                      "'; there are:" + known);
  }
  return set;
}

}  // namespace ume
