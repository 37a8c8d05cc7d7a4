#pragma once

#include <string>
#include <vector>

#include "common/types/cohort.h"
#include "coordinator/ledger_rows.h"

namespace ume {

// What a cohort is made of.
struct CohortParts {
  uint64_t id = 0;
  uint64_t update = 0;  // step of the phase
  int64_t group_size = 0;
  int64_t embedding_dim = 0;  // 0: as the first embedding has it
  // [2N]: query and target of each pair, in order; all finished.
  std::vector<GroupRow> rows;
  std::vector<std::string> sources;         // [N]
  std::vector<std::string> duplicate_ids;   // [N]; empty texts: not known
  std::vector<std::string> query_prompts;   // [N], text without media
  std::vector<std::string> target_prompts;  // [N]
};

// Reads the groups' trajectories from the ledger and lays them out for the
// reward service. Rows without an embedding are zeros.
Cohort make_cohort(const Ledger& ledger, const CohortParts& parts);

// About what it takes in a message, never less.
uint64_t cohort_bytes(const Cohort& cohort);

// Of everything that the rewards may depend on.
std::string cohort_digest(const Cohort& cohort);

}  // namespace ume
