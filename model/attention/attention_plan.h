#pragma once

#include <cstdint>
#include <vector>

#include "kernels/torch.h"

namespace ume {

// Rows [begin, end) of a packed batch.
struct RowRange {
  int64_t begin = 0;
  int64_t end = 0;
  int64_t size() const { return end - begin; }
};

// One sequence of a packed batch: its own rows, and rows computed elsewhere in
// the batch that come before it (a shared prompt or chat header), in order.
struct PackedSequence {
  RowRange own;
  std::vector<RowRange> context;
};

// B sequences of similar length, attended to together.
struct AttentionBlock {
  torch::Tensor query_index;  // [B * max_query] rows; padding repeats a row
  torch::Tensor key_index;    // [B * max_key] rows
  // [B, 1, max_query, max_key], true where a query sees a key; undefined when
  // all sequences have the same shape and the mask is plain (see causal).
  torch::Tensor mask;
  bool causal = false;  // plain lower-triangular mask, max_query == max_key
  int64_t size = 0;     // B
  int64_t max_query = 0;
  int64_t max_key = 0;
};

// Which rows see which: padding exists here and nowhere else.
struct AttentionPlan {
  std::vector<AttentionBlock> blocks;
  // [num_rows]: where each row's result is in the concatenation of all blocks'
  // [B * max_query] outputs. Undefined when that is the identity.
  torch::Tensor result_index;
  int64_t num_rows = 0;
};

// A row sees all rows of its sequence's context and, if `causal`, its own rows
// up to itself, else all its own rows. Sequences must cover rows 0 .. num_rows
// exactly once. Broken plans are ours: UME_CHECK.
AttentionPlan plan_attention(const std::vector<PackedSequence>& sequences,
                             bool causal,
                             torch::Device device = torch::kCPU);

}  // namespace ume
