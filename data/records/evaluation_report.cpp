#include "data/records/evaluation_report.h"

#include <algorithm>
#include <cctype>
#include <fstream>
#include <nlohmann/json.hpp>
#include <unordered_set>

#include "common/error/error.h"
#include "common/tensorfile/bounded_json.h"
#include "data/internal/json_file.h"
#include "data/records/evaluation_rows.h"
#include "data/records/internal/fields.h"
#include "data/records/internal/record_index.h"

namespace ume {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMaxTasksBytes = 16u << 20;

nlohmann::json read_tasks(const fs::path& path) {
  return parse_json(read_text_file(path, kMaxTasksBytes), path.string());
}

// Calls use(row, where) for the rows that parse accepts: the others have been
// reported.
template <class Parse, class Use>
void for_each_good_row(const fs::path& path,
                       const Parse& parse,
                       const Use& use) {
  const RecordIndex index(path);
  for (size_t i = 0; i < index.size(); ++i) {
    try {
      use(parse(index.at(i), index.where(i), "."), index.where(i));
    } catch (const InvalidInput&) {
      continue;
    }
  }
}

// Adds to the queries' report what keeps them from being ranked.
void check_ranking(const fs::path& candidates,
                   EvaluationRanking ranking,
                   size_t max_problems,
                   FileReport& queries) {
  std::unordered_set<std::string> names;
  for_each_good_row(candidates, parse_evaluation_candidate,
                    [&](const EvaluationCandidate& row, const std::string&) {
                      names.insert(row.name);
                    });
  DataReport& report = queries.report;
  const CandidateNames known{candidates.string(), [&](const std::string& name) {
                               return names.contains(name);
                             }};
  for_each_good_row(queries.file, parse_evaluation_query,
                    [&](const EvaluationQuery& row, const std::string& where) {
                      const auto problem =
                          find_ranking_problem(row, ranking, known);
                      if (!problem) return;
                      ++report.num_bad;
                      ++report.num_problems;
                      if (report.problems.size() >= max_problems) return;
                      report.problems.push_back(where + ": " + *problem);
                    });
}

}  // namespace

bool is_evaluation_tasks(const fs::path& path) {
  if (path.extension() != ".json") return false;
  std::ifstream file(path, std::ios::binary);
  char first = 0;
  // A list of records may be huge; its first character tells.
  file >> first;
  if (first != '{') return false;
  try {
    return read_tasks(path).contains("tasks");
  } catch (const Error&) {
    return false;
  }
}

std::vector<FileReport> inspect_evaluation_tasks(
    const fs::path& path, const DataReportOptions& options) {
  const nlohmann::json json = read_tasks(path);
  const Fields fields(json, path.string());
  const fs::path folder = fs::absolute(path).parent_path();
  const std::string root =
      fields.has("media_root") ? fields.text("media_root") : ".";
  const MediaRoots roots({{".", (folder / root).string()}});
  DataReportOptions inner = options;
  if (options.media_roots != nullptr) inner.media_roots = &roots;

  std::vector<FileReport> reports;
  const nlohmann::json& tasks = fields.list("tasks");
  for (size_t i = 0; i < tasks.size(); ++i) {
    const std::string where =
        fields.at("tasks") + "[" + std::to_string(i) + "]";
    const Fields task(tasks[i], where);
    task.text("name");
    task.text("split");
    const EvaluationRanking ranking = parse_evaluation_ranking(tasks[i], where);
    // As the user named the folder, so that messages lead there.
    const fs::path queries = path.parent_path() / task.text("queries");
    const fs::path candidates = path.parent_path() / task.text("candidates");
    reports.push_back({queries, inspect_data(queries, inner)});
    check_ranking(candidates, ranking, options.max_problems, reports.back());
    reports.push_back({candidates, inspect_data(candidates, inner)});
  }
  return reports;
}

}  // namespace ume
