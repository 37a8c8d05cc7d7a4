#include "data/records/evaluation_rows.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "data/internal/json_file.h"
#include "data/records/internal/fields.h"

namespace ume {
namespace {

constexpr const char* kVideoMarker = "<|video_pad|>";

// The lists `text_name` [1 text] and `media_name` [null or {"paths"}]. The
// marker in the text says which kind of media the paths are.
PromptRecord parse_side(const Fields& fields,
                        const char* text_name,
                        const char* media_name,
                        const std::string& media_root) {
  const std::vector<std::string> texts = fields.texts(text_name);
  const nlohmann::json& media = fields.list(media_name);
  for (const auto& [name, size] : {std::pair(text_name, texts.size()),
                                   std::pair(media_name, media.size())}) {
    if (size == 1) continue;
    fields.fail(name,
                "expected a list of one, found one of " + std::to_string(size));
  }
  PromptRecord record;
  record.text = texts[0];
  if (media[0].is_null()) return record;
  const Fields files(media[0], fields.at(media_name));
  files.texts("paths");
  const bool is_video = record.text.find(kVideoMarker) != std::string::npos;
  (is_video ? record.frames : record.images) = files.media("paths", media_root);
  return record;
}

std::vector<std::string> one_or_many(const Fields& fields, const char* name) {
  if (fields.get(name).is_string()) return {fields.text(name)};
  std::vector<std::string> names = fields.texts(name);
  if (names.empty()) fields.fail(name, "the list is empty");
  return names;
}

void check_length(const Fields& fields, const char* name, size_t expected) {
  if (!fields.has(name) || fields.list(name).size() == expected) return;
  fields.fail(name, "expected " + std::to_string(expected) +
                        " entries, found " +
                        std::to_string(fields.list(name).size()));
}

std::vector<double> parse_grades(const Fields& infos, size_t num_labels) {
  if (!infos.has("rel_scores")) return {};
  check_length(infos, "rel_scores", num_labels);
  std::vector<double> grades;
  for (const nlohmann::json& entry : infos.list("rel_scores")) {
    const double grade = entry.is_number() ? entry.get<double>() : -1.0;
    if (grade < 0.0 || !std::isfinite(grade)) {
      infos.fail("rel_scores", "expected finite numbers of 0 or more, found " +
                                   quote_json(entry));
    }
    grades.push_back(grade);
  }
  return grades;
}

}  // namespace

EvaluationQuery parse_evaluation_query(const nlohmann::json& json,
                                       const std::string& where,
                                       const std::string& media_root) {
  const Fields fields(json, where);
  EvaluationQuery query;
  query.prompt = parse_side(fields, "query_text", "query_image", media_root);
  const Fields infos = fields.object("dataset_infos");
  query.labels = one_or_many(infos, "label_name");
  if (infos.has("cand_names")) {
    query.own_candidates = infos.texts("cand_names");
    check_length(fields, "cand_text", query.own_candidates.size());
    check_length(fields, "cand_image", query.own_candidates.size());
  }
  query.grades = parse_grades(infos, query.labels.size());
  const auto& own = query.own_candidates;
  for (const std::string& label : query.labels) {
    if (own.empty() || std::find(own.begin(), own.end(), label) != own.end()) {
      continue;
    }
    infos.fail("label_name", "expected one of cand_names, found " +
                                 quote_json(nlohmann::json(label)));
  }
  return query;
}

EvaluationCandidate parse_evaluation_candidate(const nlohmann::json& json,
                                               const std::string& where,
                                               const std::string& media_root) {
  const Fields fields(json, where);
  return {parse_side(fields, "cand_text", "cand_image", media_root),
          fields.object("dataset_infos").text("cand_name")};
}

EvaluationRanking parse_evaluation_ranking(const nlohmann::json& task,
                                           const std::string& where) {
  const Fields fields(task, where);
  if (!fields.has("ranking")) return EvaluationRanking::kGlobal;
  const nlohmann::json& value = fields.get("ranking");
  if (value == "global") return EvaluationRanking::kGlobal;
  if (value == "local") return EvaluationRanking::kLocal;
  fields.fail("ranking",
              "expected \"global\" or \"local\", found " + quote_json(value));
}

std::optional<std::string> find_ranking_problem(
    const EvaluationQuery& query,
    EvaluationRanking ranking,
    const CandidateNames& candidates) {
  const auto first_unknown =
      [&](const char* member,
          const std::vector<std::string>& names) -> std::optional<std::string> {
    const auto at =
        std::find_if_not(names.begin(), names.end(), candidates.contains);
    if (at == names.end()) return std::nullopt;
    return std::string("dataset_infos.") + member + ": expected a name of " +
           candidates.file + ", found " + quote_json(nlohmann::json(*at));
  };
  const auto problem = first_unknown("label_name", query.labels);
  if (problem || ranking == EvaluationRanking::kGlobal) return problem;
  if (query.own_candidates.empty()) {
    return "dataset_infos.cand_names: expected the query's own candidates, "
           "which a task with \"ranking\": \"local\" ranks; found none";
  }
  return first_unknown("cand_names", query.own_candidates);
}

}  // namespace ume
