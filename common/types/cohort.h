#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/types/trajectory.h"

namespace ume {

// All trajectories of one side of a cohort, rows grouped by pair: row p*G + g
// is sample g of pair p.
struct CohortSide {
  std::vector<std::string> completions;  // [N*G]
  std::vector<float> gen_embeddings;     // [N*G, dim], unit rows or zeros
  std::vector<uint8_t> has_embedding;    // [N*G]; 0: the row is zeros
  // Where each was read, [N*G]; empty: in the completions, where there is one.
  std::vector<EmbeddingSource> embedding_sources;
  std::vector<int32_t> completion_tokens;  // [N*G]
  std::vector<float> disc_embeddings;      // [N, dim]; empty when not computed
  std::vector<std::string> prompts;  // [N], text without media; empty: unknown
  bool operator==(const CohortSide&) const = default;
};

// N pairs scored together: each other's in-batch negatives.
struct Cohort {
  uint64_t id = 0;
  // The step of its phase that it feeds, from 0 (reward schedules).
  uint64_t update = 0;
  int64_t num_pairs = 0;   // N
  int64_t group_size = 0;  // G
  int64_t dim = 0;
  std::vector<uint64_t> dispatch_index;  // [N]
  std::vector<std::string> sources;      // [N]
  // Which pairs say the same, each [N] or empty when not known: digests of the
  // prepared prompts, and the records' duplicate_id ("" where there is none).
  std::vector<std::string> query_digests;
  std::vector<std::string> target_digests;
  std::vector<std::string> duplicate_ids;
  CohortSide query;
  CohortSide target;
  bool operator==(const Cohort&) const = default;
};

}  // namespace ume
