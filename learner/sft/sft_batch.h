#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "common/types/prepared_prompt.h"
#include "kernels/torch.h"
#include "model/attention/packed_batch.h"

namespace ume {

// Both sides of an annotated pair, rendered and with labels.
struct SftPair {
  PreparedExample query;
  PreparedExample target;
};

// Vocabulary ids of the two embedding tokens.
struct EmbeddingTokens {
  int64_t gen = -1;
  int64_t disc = -1;
};

// This rank's pairs of one contrastive batch as one pass: all queries, then all
// targets.
struct SftBatch {
  PackedBatch packed;
  int64_t num_pairs = 0;
  // Rows whose logits predict a labelled token, and those tokens; the query
  // side's first.
  torch::Tensor label_rows;  // [num_labels] int64
  torch::Tensor label_ids;   // [num_labels] int64
  int64_t num_query_labels = 0;
  // Rows of the embeddings, [2 * num_pairs] each: queries, then targets.
  // Undefined when the batch was built without them.
  torch::Tensor gen_rows;
  torch::Tensor disc_rows;
};

// Labels count from the second token on (the first has no predecessor). An
// embedding is read at the last occurrence of its token.
// tokens: nullptr: no embedding rows. Throws InvalidInput when an example has
// no such token, or labels and ids differ in length. pairs: not empty.
SftBatch build_sft_batch(std::span<const SftPair> pairs,
                         const ModelConfig& config,
                         const EmbeddingTokens* tokens);

// Number of labelled tokens that count.
int64_t count_labels(const PreparedExample& example);

// Cuts a conversation to its first `max_length` tokens. Throws InvalidInput,
// naming `where`, if the cut would fall into a picture or before one.
void cut_example(PreparedExample& example,
                 int64_t max_length,
                 const std::string& where);

}  // namespace ume
