#pragma once

#include <cstdint>
#include <vector>

#include "common/types/prepared_prompt.h"
#include "kernels/torch.h"
#include "model/attention/attention_plan.h"
#include "model/config/model_config.h"
#include "model/qwen2_vl.h"

namespace ume {

// A prompt and any number of completions that share it. Borrowed.
struct PackedItem {
  const PreparedPrompt* prompt = nullptr;
  std::vector<const std::vector<int64_t>*> completions;  // token ids; not empty
};

// Several items as one pass: every prompt once, no padding. The one road by
// which learner, sampler and evaluation reach the model.
struct PackedBatch {
  torch::Tensor ids;          // [num_rows] int64
  torch::Tensor positions;    // [3, num_rows] int64
  torch::Tensor visual_rows;  // [num_visual_tokens] int64, or undefined
  torch::Tensor patches;      // [num_patches, patch_dim] fp32, or undefined
  std::vector<MediaGrid> grids;
  std::vector<PackedSequence> sequences;

  struct Item {
    // Rows of the prompt in order: a header shared by all items first (empty
    // range when none is), then its own.
    RowRange header;
    RowRange own;
    int64_t next_position = 0;          // of a completion's first token
    std::vector<RowRange> completions;  // rows of each completion
  };
  std::vector<Item> items;

  int64_t num_rows() const { return ids.size(0); }
  // Row of a prompt's token (index into PreparedPrompt::ids).
  int64_t prompt_row(int64_t item, int64_t token) const;
  // Rows whose logits predict the tokens of a completion: the prompt's last
  // row, then the completion's rows but the last. [completion length]
  std::vector<int64_t> predicting_rows(int64_t item, int64_t completion) const;
  // A prompt's rows as ranges, for CachedAttention.
  std::vector<RowRange> prompt_ranges(int64_t item) const;
};

struct PackOptions {
  // Compute the tokens with which all prompts begin once (text before any
  // picture only). Exact in both directions.
  bool share_header = true;
  torch::Device device = torch::kCPU;
};

// Throws InvalidInput when a prompt's buffers disagree with each other or with
// the config (lengths, grids, ids beyond the vocabulary).
PackedBatch pack_batch(const std::vector<PackedItem>& items,
                       const ModelConfig& config,
                       const PackOptions& options = {});

// Final hidden states of a batch, [num_rows, hidden_size].
// train_vision: false computes the media without gradients.
torch::Tensor forward_batch(const Qwen2VL& model,
                            const PackedBatch& batch,
                            AttentionContext& attention,
                            bool train_vision = true);
// The same with the causal plan of the batch's sequences.
torch::Tensor forward_batch(const Qwen2VL& model,
                            const PackedBatch& batch,
                            bool train_vision = true);

}  // namespace ume
