#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/types/policy_version.h"
#include "common/types/sampling.h"
#include "common/types/side.h"

namespace ume {

enum class FinishReason : uint8_t { kEndToken = 0, kLength = 1 };

// Where a generative embedding was read.
enum class EmbeddingSource : uint8_t {
  kNone = 0,
  kCompletion = 1,
  kPrompt = 2
};

// One sampled answer to one side of a pair.
struct Trajectory {
  int32_t sample = 0;           // 0 .. G-1 inside its group
  std::vector<int64_t> ids;     // completion tokens, end token included
  std::string completion;       // decoded, special tokens removed
  std::vector<float> logprobs;  // [ids.size()], full softmax, behaviour policy
  std::vector<float> gen_embedding;  // [hidden], unit length; empty: none
  EmbeddingSource embedding_source = EmbeddingSource::kNone;
  FinishReason finish = FinishReason::kEndToken;
  int32_t redraws = 0;  // completions thrown away before this one
  bool operator==(const Trajectory&) const = default;
};

// Names the G trajectories of one side of a pair: the unit of lease.
struct GroupId {
  uint64_t dispatch_index = 0;  // epoch * data-set size + position
  Side side = Side::kQuery;
  auto operator<=>(const GroupId&) const = default;
};

// The group's name in messages: "query of pair 17".
inline std::string group_text(const GroupId& group) {
  return std::string(side_name(group.side)) + " of pair " +
         std::to_string(group.dispatch_index);
}

// What a rollout worker returns for a lease.
struct GroupResult {
  GroupId group;
  uint64_t fencing = 0;     // of the lease that this answers
  PolicyVersion version;    // that made every token
  std::string weight_hash;  // of that version, see WeightManifest
  std::string prompt_digest;
  int64_t prompt_tokens = 0;
  SamplingParams sampling;
  std::vector<Trajectory> trajectories;  // [G], ordered by sample
  std::vector<float> disc_embedding;     // [hidden], unit length; empty: none
  double seconds = 0.0;                  // spent sampling
  bool operator==(const GroupResult&) const = default;
};

}  // namespace ume
