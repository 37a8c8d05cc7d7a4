#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/types/record.h"
#include "common/types/trajectory.h"

namespace ume {

// One group with its rewards, as the learner consumes it.
struct TrainGroup {
  GroupId group;
  PromptRecord prompt;
  std::string prompt_digest;
  PolicyVersion version;
  std::vector<std::vector<int64_t>> completion_ids;  // [G]
  std::vector<std::vector<float>> logprobs;          // [G], behaviour policy
  std::vector<double> rewards;  // [G] totals; only groups of values travel
  bool operator==(const TrainGroup&) const = default;
};

// What one learner rank trains on in one update. The coordinator fixes the
// slices by a pure function; whole groups, an empty slice allowed.
struct BatchSlice {
  uint64_t update = 0;
  std::string plan_id;
  std::string plan_hash;  // of the whole plan; ranks compare it first
  int64_t num_trajectories[2] = {0, 0};  // by Side, over ALL ranks
  int64_t num_tokens[2] = {0, 0};        // completion tokens, over ALL ranks
  std::vector<TrainGroup> groups;        // this rank's
  bool operator==(const BatchSlice&) const = default;
};

}  // namespace ume
