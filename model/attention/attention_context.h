#pragma once

#include <cstdint>
#include <vector>

#include "kernels/torch.h"
#include "model/attention/attention_plan.h"

namespace ume {

// How the rows of a forward pass see each other: the only thing in which
// training, scoring and sampling differ.
class AttentionContext {
 public:
  virtual ~AttentionContext() = default;
  // Attention of one layer over packed rows, queries and keys already rotated.
  // query: [num_rows, num_heads, head_dim]
  // key, value: [num_rows, num_kv_heads, head_dim]
  // Returns [num_rows, num_heads * head_dim].
  virtual torch::Tensor attend(int64_t layer,
                               const torch::Tensor& query,
                               const torch::Tensor& key,
                               const torch::Tensor& value) = 0;
};

struct LayerKeyValue {
  torch::Tensor key;    // [num_rows, num_kv_heads, head_dim]
  torch::Tensor value;  // [num_rows, num_kv_heads, head_dim]
};

// Whole sequences at once: training, scoring, prefill.
class PackedAttention : public AttentionContext {
 public:
  // keep_key_values: remember every layer's keys and values, for decoding.
  explicit PackedAttention(AttentionPlan plan, bool keep_key_values = false);
  torch::Tensor attend(int64_t layer,
                       const torch::Tensor& query,
                       const torch::Tensor& key,
                       const torch::Tensor& value) override;
  // [num_layers], of the last forward pass.
  const std::vector<LayerKeyValue>& key_values() const { return key_values_; }

 private:
  AttentionPlan plan_;
  bool keep_key_values_;
  std::vector<LayerKeyValue> key_values_;
};

// One new token per row and pass, over a cache: decoding.
class CachedAttention : public AttentionContext {
 public:
  // prefix: keys and values of a prefill, one entry a layer.
  // rows: for each decoding row its prefix, as ranges of prefill rows in order;
  // several rows may name the same ones.
  // max_new_tokens: passes that can be made.
  CachedAttention(const std::vector<LayerKeyValue>& prefix,
                  const std::vector<std::vector<RowRange>>& rows,
                  int64_t max_new_tokens);
  // Appends key and value of every row, then attends. All layers of a pass
  // must be called in order.
  torch::Tensor attend(int64_t layer,
                       const torch::Tensor& query,
                       const torch::Tensor& key,
                       const torch::Tensor& value) override;
  // Goes on with these rows only, in this order (finished rows leave).
  void keep_rows(const torch::Tensor& rows);  // int64 [kept]
  int64_t num_rows() const { return num_rows_; }

 private:
  std::vector<LayerKeyValue> cache_;  // [num_rows, num_kv_heads, slots, dim]
  torch::Tensor hidden_slots_;  // additive mask [num_rows, 1, 1, slots] or none
  int64_t num_rows_ = 0;
  int64_t filled_ = 0;  // slots in use before the pass
};

}  // namespace ume
