#include "data/records/data_report.h"

#include <algorithm>

#include <nlohmann/json.hpp>
#include <unordered_set>
#include <utility>

#include "common/error/error.h"
#include "data/records/evaluation_rows.h"
#include "data/records/internal/annotated_record.h"
#include "data/records/internal/pair_records.h"
#include "data/records/internal/record_index.h"
#include "data/records/prompt_records.h"

namespace ume {
namespace {

using Json = nlohmann::json;

uint64_t count_characters(std::string_view text) {
  return static_cast<uint64_t>(std::count_if(
      text.begin(), text.end(),
      [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
}

DataKind kind_of(const Json& record, const std::string& where) {
  if (record.is_object()) {
    if (record.contains("qry") || record.contains("pos")) {
      return DataKind::kAnnotatedPairs;
    }
    if (record.contains("qry_text") || record.contains("pos_text")) {
      return DataKind::kPairs;
    }
    // A query row may bring its own candidates: its own members count.
    if (record.contains("query_text")) return DataKind::kEvaluationQueries;
    if (record.contains("cand_text")) return DataKind::kEvaluationCandidates;
    for (const char* name : {"text", "images", "video", "messages"}) {
      if (record.contains(name)) return DataKind::kPrompts;
    }
  }
  throw InvalidInput(where +
                     ": unknown kind of record; expected members qry and pos, "
                     "qry_text and pos_text, query_text, cand_text, or text, "
                     "images, video, messages");
}

// <think>REASONING</think>…<answer>SUMMARY<gen_emb>, each mark after the one
// before, first hit each, as UME-R1's reward reads them (arXiv 2511.00405).
void add_answer(std::string_view text, SideReport& side) {
  constexpr std::string_view kMarks[] = {"<think>", "</think>", "<answer>",
                                         "<gen_emb>"};
  size_t begins[4];
  size_t ends[4];
  size_t at = 0;
  for (int i = 0; i < 4; ++i) {
    begins[i] = text.find(kMarks[i], at);
    if (begins[i] == std::string_view::npos) return;
    at = ends[i] = begins[i] + kMarks[i].size();
  }
  ++side.num_well_formed;
  side.reasoning_characters +=
      count_characters(text.substr(ends[0], begins[1] - ends[0]));
  side.summary_characters +=
      count_characters(text.substr(ends[2], begins[3] - ends[2]));
}

class Inspector {
 public:
  explicit Inspector(const DataReportOptions& options) : options_(options) {}

  void add_file(const std::filesystem::path& path) {
    const RecordIndex index(path);
    for (size_t i = 0; i < index.size(); ++i) {
      ++report_.num_records;
      try {
        const Json record = index.at(i);
        if (!is_kind_known_) {
          report_.kind = kind_of(record, index.where(i));
          is_kind_known_ = true;
        }
        add_record(record, index.where(i));
      } catch (const InvalidInput& error) {
        if (!is_kind_known_) throw;
        ++report_.num_bad;
        add_problem(error.what());
      }
    }
  }

  DataReport finish(const std::filesystem::path& path) {
    if (report_.num_records == 0) {
      throw InvalidInput(path.string() + ": no records");
    }
    return std::move(report_);
  }

 private:
  void add_problem(const std::string& text) {
    ++report_.num_problems;
    if (report_.problems.size() < options_.max_problems) {
      report_.problems.push_back(text);
    }
  }

  void add_record(const Json& json, const std::string& where) {
    uint64_t num_missing = 0;
    if (report_.kind == DataKind::kAnnotatedPairs) {
      const AnnotatedPair pair = parse_annotated_record(json, where, ".");
      ++report_.sources[pair.source];
      num_missing = add_annotated(pair.query, report_.query, where + ": qry") +
                    add_annotated(pair.target, report_.target, where + ": pos");
    } else if (report_.kind == DataKind::kPairs) {
      const PairRecord pair = parse_pair_record(json, where, ".");
      ++report_.sources[pair.source];
      num_missing = add_prompt(pair.query, report_.query, where + ": qry") +
                    add_prompt(pair.target, report_.target, where + ": pos");
    } else if (report_.kind == DataKind::kEvaluationQueries) {
      num_missing = add_prompt(parse_evaluation_query(json, where, ".").prompt,
                               report_.query, where);
    } else if (report_.kind == DataKind::kEvaluationCandidates) {
      num_missing =
          add_prompt(parse_evaluation_candidate(json, where, ".").prompt,
                     report_.query, where);
    } else {
      const PromptInput input = parse_prompt(json.dump(), where);
      num_missing = input.is_conversation
                        ? add_conversation(input, where)
                        : add_prompt(input.record, report_.query, where);
    }
    if (num_missing > 0) ++report_.num_bad;
  }

  // Returns how many of the files are missing.
  uint64_t add_media(const std::vector<MediaRef>& images,
                     const std::vector<MediaRef>& frames,
                     SideReport& side,
                     const std::string& where) {
    side.num_images += images.size();
    side.num_frames += frames.size();
    if (!images.empty()) ++side.num_with_images;
    if (!frames.empty()) ++side.num_with_video;
    if (images.empty() && frames.empty()) ++side.num_text_only;
    uint64_t num_missing = 0;
    for (const auto* refs : {&images, &frames}) {
      for (const MediaRef& ref : *refs) num_missing += is_missing(ref, where);
    }
    return num_missing;
  }

  bool is_missing(const MediaRef& ref, const std::string& where) {
    const bool is_new = seen_.insert(std::hash<std::string>()(ref.path)).second;
    if (is_new) ++report_.num_media_files;
    if (!options_.media_roots) return false;
    try {
      options_.media_roots->resolve(ref, where);
      return false;
    } catch (const InvalidInput& error) {
      if (is_new) ++report_.num_missing_media;
      add_problem(error.what());
      return true;
    }
  }

  uint64_t add_prompt(const PromptRecord& prompt,
                      SideReport& side,
                      const std::string& where) {
    side.text_characters += count_characters(prompt.text);
    return add_media(prompt.images, prompt.frames, side, where);
  }

  uint64_t add_annotated(const AnnotatedSide& read,
                         SideReport& side,
                         const std::string& where) {
    bool has_disc_token = false;
    const Turn* answer = nullptr;
    for (const Turn& turn : read.turns) {
      if (turn.role == "user") {
        side.text_characters += count_characters(turn.text);
        has_disc_token |= turn.text.find("<disc_emb>") != std::string::npos;
      } else {
        answer = &turn;
      }
    }
    if (has_disc_token) ++side.num_with_disc_token;
    if (answer) add_answer(answer->text, side);
    return add_media(read.images, read.frames, side, where);
  }

  uint64_t add_conversation(const PromptInput& input,
                            const std::string& where) {
    for (const ChatMessage& message : input.messages) {
      report_.query.text_characters += count_characters(message.text);
      for (const ChatPart& part : message.parts) {
        if (part.type != ChatPartType::kText) continue;
        report_.query.text_characters += count_characters(part.text);
      }
    }
    std::vector<MediaRef> frames;
    for (const VideoRef& video : input.media.videos) {
      frames.insert(frames.end(), video.frames.begin(), video.frames.end());
    }
    return add_media(input.media.images, frames, report_.query, where);
  }

  const DataReportOptions& options_;
  DataReport report_;
  bool is_kind_known_ = false;
  std::unordered_set<size_t> seen_;  // hashes of paths
};

Json side_json(const SideReport& side, DataKind kind) {
  Json json = {{"text_only", side.num_text_only},
               {"with_images", side.num_with_images},
               {"with_video", side.num_with_video},
               {"images", side.num_images},
               {"frames", side.num_frames},
               {"text_characters", side.text_characters}};
  if (kind == DataKind::kAnnotatedPairs) {
    json["well_formed"] = side.num_well_formed;
    json["reasoning_characters"] = side.reasoning_characters;
    json["summary_characters"] = side.summary_characters;
    json["with_disc_token"] = side.num_with_disc_token;
  }
  return json;
}

}  // namespace

DataReport inspect_data(const std::filesystem::path& path,
                        const DataReportOptions& options) {
  Inspector inspector(options);
  for (const PairListEntry& entry : read_pair_list_entries(path)) {
    inspector.add_file(entry.file);
  }
  return inspector.finish(path);
}

bool has_two_sides(DataKind kind) {
  return kind == DataKind::kAnnotatedPairs || kind == DataKind::kPairs;
}

std::string_view data_kind_name(DataKind kind) {
  switch (kind) {
    case DataKind::kAnnotatedPairs:
      return "annotated_pairs";
    case DataKind::kPairs:
      return "pairs";
    case DataKind::kEvaluationQueries:
      return "evaluation_queries";
    case DataKind::kEvaluationCandidates:
      return "evaluation_candidates";
    default:
      return "prompts";
  }
}

std::string data_report_json(const DataReport& report) {
  Json json = {{"kind", data_kind_name(report.kind)},
               {"records", report.num_records},
               {"bad_records", report.num_bad},
               {"query", side_json(report.query, report.kind)},
               {"media_files", report.num_media_files},
               {"missing_media", report.num_missing_media},
               {"problems", report.problems},
               {"num_problems", report.num_problems}};
  if (has_two_sides(report.kind)) {
    json["sources"] = report.sources;
    json["target"] = side_json(report.target, report.kind);
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace ume
