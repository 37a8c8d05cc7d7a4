#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace ume {

// All trajectories of one side of a cohort, rows grouped by pair: row p*G + g
// is sample g of pair p.
struct CohortSide {
  std::vector<std::string> completions;    // [N*G]
  std::vector<float> gen_embeddings;       // [N*G, dim], unit rows or zeros
  std::vector<uint8_t> has_embedding;      // [N*G]; 0: the row is zeros
  std::vector<int32_t> completion_tokens;  // [N*G]
  std::vector<float> disc_embeddings;      // [N, dim]; empty when not computed
  bool operator==(const CohortSide&) const = default;
};

// N pairs scored together: each other's in-batch negatives.
struct Cohort {
  uint64_t id = 0;
  uint64_t update = 0;    // the optimiser step that it feeds (reward schedules)
  int64_t num_pairs = 0;  // N
  int64_t group_size = 0;  // G
  int64_t dim = 0;
  std::vector<uint64_t> dispatch_index;  // [N]
  std::vector<std::string> sources;      // [N]
  CohortSide query;
  CohortSide target;
  bool operator==(const Cohort&) const = default;
};

}  // namespace ume
