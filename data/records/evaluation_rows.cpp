#include "data/records/evaluation_rows.h"

#include <algorithm>
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
  if (infos.has("rel_scores")) {
    check_length(infos, "rel_scores", query.labels.size());
  }
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

}  // namespace ume
