#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "data/records/media_roots.h"

namespace ume {

enum class DataKind : uint8_t {
  kAnnotatedPairs,     // cold start: {"qry", "pos"} with conversations
  kPairs,              // reinforcement learning: {"qry_text", "pos_text", …}
  kPrompts,            // {"text" | "images" | "video" | "messages"}
  kEvaluationQueries,  // {"query_text", "query_image", "dataset_infos"}
  kEvaluationCandidates,  // {"cand_text", "cand_image", "dataset_infos"}
};

// What one side of the records holds (pairs have two, the others a query side
// only).
struct SideReport {
  uint64_t num_text_only = 0;
  uint64_t num_with_images = 0;
  uint64_t num_with_video = 0;
  uint64_t num_images = 0;
  uint64_t num_frames = 0;
  uint64_t text_characters = 0;  // user text; sums, in Unicode characters
  // Annotated pairs only: answers that read <think>…</think>…<answer>…
  // <gen_emb>, and the lengths of the two parts, summed over those.
  uint64_t num_well_formed = 0;
  uint64_t reasoning_characters = 0;
  uint64_t summary_characters = 0;
  // Annotated pairs only: user texts that hold <disc_emb>.
  uint64_t num_with_disc_token = 0;
};

struct DataReport {
  DataKind kind = DataKind::kAnnotatedPairs;
  uint64_t num_records = 0;  // bad ones included
  uint64_t num_bad = 0;      // that cannot be read, or miss media
  std::map<std::string, uint64_t> sources;  // readable records by dataset_name
  SideReport query;
  SideReport target;
  uint64_t num_media_files = 0;       // distinct references
  uint64_t num_missing_media = 0;     // of those; 0 where nobody looked
  std::vector<std::string> problems;  // the first max_problems, with their line
  uint64_t num_problems = 0;
};

struct DataReportOptions {
  const MediaRoots* media_roots = nullptr;  // null: do not look for the files
  size_t max_problems = 100;
};

// Reads a whole data file (.json, .jsonl, or a .yaml list of pair files, whose
// sampling does not matter here) and says what is in it and what is wrong with
// it. Media of the root "." only. The kind is that of the first record. Memory
// does not grow with the records' sizes. Throws InvalidInput where there are
// no records to speak of: a missing file, not a list, an unknown kind; IoError.
DataReport inspect_data(const std::filesystem::path& path,
                        const DataReportOptions& options = {});

// Records with a query and a target, and a source.
bool has_two_sides(DataKind kind);
std::string_view data_kind_name(DataKind kind);

// One JSON object, for scripts (docs/formats/data.md).
std::string data_report_json(const DataReport& report);

}  // namespace ume
