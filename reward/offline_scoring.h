#pragma once

#include <array>
#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/types/reward_table.h"
#include "common/types/side.h"
#include "reward/reward_pipeline.h"

// Scoring of recorded trajectories: what `ume reward` does. Records are JSON,
// one object a line (docs/formats/records.md).
namespace ume {

struct TrajectoryRecord {
  std::string cohort;  // JSON text of a number or string, as it stood
  std::string pair;    // the same
  Side side = Side::kQuery;
  int64_t sample = 0;
  std::string completion;
  std::vector<float> gen_embedding;  // empty: none
  // The embedding was read at the prompt's own <gen_emb>: used only with
  // missing_embedding: prompt.
  bool from_prompt = false;
  std::vector<float> disc_embedding;  // of the group; empty: none here
  int64_t num_tokens = -1;            // of the completion; -1: not known
  uint64_t step = 0;                  // of the phase (schedules)
  // Of its pair and prompt; empty: not known.
  std::string source;
  std::string prompt_digest;
  std::string duplicate_id;
  std::string prompt;  // its text
  int64_t line = 0;    // for messages
};

struct ScoredRecord {
  std::string cohort;  // JSON text, as in the record
  std::string pair;
  Side side = Side::kQuery;
  int64_t sample = 0;
  RewardCell reward;
  std::vector<std::pair<std::string, RewardCell>> components;
};

// A cohort as its records make it.
struct RecordedCohort {
  Cohort cohort;
  EmbeddingDefects defects;
  std::vector<std::string> pairs;  // [N], JSON texts
  // By side and row; nothing for a sample that is not there.
  std::array<std::vector<std::optional<size_t>>, 2> record_of_row;
};

// records: of one cohort, at least one. Throws as score_records does.
RecordedCohort recorded_cohort(const RewardPipeline& pipeline,
                               const std::vector<TrajectoryRecord>& records);

// One row per record, in the records' order. Every cohort is scored as a whole;
// its group size is the largest of its groups, and a record whose embedding has
// another dimension than most of its cohort gets invalid cells.
// Throws InvalidInput, naming cohort, pair and line, for a cohort of one pair,
// a group with missing samples or one side only (where a term compares pairs),
// and a trajectory given twice.
std::vector<ScoredRecord> score_records(
    const RewardPipeline& pipeline,
    const std::vector<TrajectoryRecord>& records);

// Reads {"cohort", "pair", "side", "sample", "completion", "gen_embedding"}
// and, where they are there, what some policies need: "embedding_source":
// "prompt", "ids" (their number), "step", "source", "prompt": {"text"},
// "prompt_digest",
// "duplicate_id" and "disc_embedding" (on any sample of a group). Other keys
// are ignored. A missing, null or empty gen_embedding means none. Throws
// InvalidInput `name:line: …`.
std::vector<TrajectoryRecord> read_trajectory_records(std::istream& in,
                                                      const std::string& name);

// The same from a file, which may be compressed with zstd (a run's
// trajectories/PHASE/step_NNNNNN.jsonl.zst). Throws IoError when it cannot be
// read; InvalidInput beyond 1 GiB of text or for a damaged frame.
std::vector<TrajectoryRecord> read_trajectory_file(const std::string& path);

// {"cohort", "pair", "side", "sample", "reward", "components": {name: number or
// {"invalid": reason} or {"failed": reason}}}; `reward` likewise.
void write_scored_records(std::ostream& out,
                          const std::vector<ScoredRecord>& rows);

}  // namespace ume
