#pragma once

#include <optional>
#include <string>

#include "common/types/reward_table.h"
#include "common/types/trajectory.h"

namespace ume {

// What a group's result must agree with.
struct ResultRules {
  PolicyVersion version;  // as leased
  std::string weight_hash;
  SamplingParams sampling;
  int64_t group_size = 0;
  int64_t embedding_dim = 0;  // 0: any
  int64_t vocab_size = 0;     // 0: any
  std::string prompt_digest;  // of an earlier attempt; empty: none yet
  int64_t max_prompt_tokens = 0;
  int64_t max_completion_bytes = 0;
};

// What is wrong with a result, by field, or nothing. A pure function; never
// throws for what a sampler sent.
std::optional<std::string> find_fault(const GroupResult& result,
                                      const ResultRules& rules);

// What is wrong with a reward table for a cohort of num_rows = N*G trajectories
// a side, or nothing. Failed cells are no fault of form.
std::optional<std::string> find_fault(const RewardTable& table,
                                      int64_t num_rows,
                                      const std::string& policy_hash,
                                      const std::string& input_digest);

// The reason of the first total that failed, or nothing. A term without a say
// in the total may fail.
std::optional<std::string> find_failed_cell(const RewardTable& table);

}  // namespace ume
