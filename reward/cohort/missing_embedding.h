#pragma once

#include <cstdint>
#include <string>

#include "common/types/cohort.h"

namespace ume {

// What a trajectory without its own generative embedding gets
// (RewardConfig::missing_embedding).
enum class MissingEmbedding : uint8_t { kZero, kPrompt, kDrop };

// name: as in a valid configuration. What was drawn anew as often as allowed
// and still has none (resample) is zero.
inline MissingEmbedding missing_embedding(const std::string& name) {
  if (name == "prompt") return MissingEmbedding::kPrompt;
  if (name == "drop") return MissingEmbedding::kDrop;
  return MissingEmbedding::kZero;
}

// Whether the row has an embedding that counts: its own, or with kPrompt also
// the one that was read at the prompt's <gen_emb>.
inline bool has_embedding(const CohortSide& side,
                          int64_t row,
                          MissingEmbedding missing) {
  const auto at = static_cast<size_t>(row);
  if (side.has_embedding[at] == 0) return false;
  return missing == MissingEmbedding::kPrompt ||
         side.embedding_sources.empty() ||
         side.embedding_sources[at] != EmbeddingSource::kPrompt;
}

}  // namespace ume
