#include "model/attention/attention_context.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "common/error/check.h"

namespace ume {
namespace {

constexpr double kHidden = -std::numeric_limits<double>::infinity();

// [num_rows, heads, dim] -> [size, heads, length, dim], by row numbers.
torch::Tensor gather_rows(const torch::Tensor& rows,
                          const torch::Tensor& index,
                          int64_t size,
                          int64_t length) {
  return rows.index_select(0, index)
      .view({size, length, rows.size(1), rows.size(2)})
      .transpose(1, 2);
}

torch::Tensor attend_block(const AttentionBlock& block,
                           const torch::Tensor& query,
                           const torch::Tensor& key,
                           const torch::Tensor& value) {
  const auto q =
      gather_rows(query, block.query_index, block.size, block.max_query);
  const auto k = gather_rows(key, block.key_index, block.size, block.max_key);
  const auto v = gather_rows(value, block.key_index, block.size, block.max_key);
  std::optional<torch::Tensor> mask;
  if (block.mask.defined()) mask = block.mask;
  const auto out = at::scaled_dot_product_attention(
      q, k, v, mask, 0.0, block.causal, std::nullopt, q.size(1) != k.size(1));
  return out.transpose(1, 2).reshape({-1, query.size(1) * query.size(2)});
}

}  // namespace

PackedAttention::PackedAttention(AttentionPlan plan, bool keep_key_values)
    : plan_(std::move(plan)), keep_key_values_(keep_key_values) {}

torch::Tensor PackedAttention::attend(int64_t layer,
                                      const torch::Tensor& query,
                                      const torch::Tensor& key,
                                      const torch::Tensor& value) {
  UME_CHECK(query.size(0) == plan_.num_rows, "the plan is of this batch");
  if (keep_key_values_) {
    key_values_.resize(
        std::max(key_values_.size(), static_cast<size_t>(layer) + 1));
    key_values_[static_cast<size_t>(layer)] = {key.detach(), value.detach()};
  }
  std::vector<torch::Tensor> outputs;
  for (const AttentionBlock& block : plan_.blocks) {
    outputs.push_back(attend_block(block, query, key, value));
  }
  const auto joined =
      outputs.size() == 1 ? outputs.front() : torch::cat(outputs, 0);
  if (!plan_.result_index.defined()) return joined;
  return joined.index_select(0, plan_.result_index);
}

namespace {

int64_t total_size(const std::vector<RowRange>& ranges) {
  int64_t total = 0;
  for (const RowRange& range : ranges) total += range.size();
  return total;
}

// Prefill row of each cache slot, [rows * slots]; short prefixes repeat their
// last row in slots that the mask hides.
torch::Tensor prefix_index(const std::vector<std::vector<RowRange>>& rows,
                           int64_t slots,
                           torch::Device device) {
  std::vector<int64_t> index;
  index.reserve(rows.size() * static_cast<size_t>(slots));
  for (const auto& ranges : rows) {
    const size_t first = index.size();
    for (const RowRange& range : ranges) {
      for (int64_t row = range.begin; row < range.end; ++row) {
        index.push_back(row);
      }
    }
    UME_CHECK(index.size() > first, "a decoding row has a prefix");
    index.resize(first + static_cast<size_t>(slots), index.back());
  }
  return torch::tensor(index, torch::kInt64).to(device);
}

// Slots for new tokens at first; few answers are as long as they may be.
constexpr int64_t kFirstSlots = 128;

// The same cache with room for more tokens. [rows, heads, slots, dim]
torch::Tensor with_slots(const torch::Tensor& cache, int64_t slots) {
  auto larger = torch::empty(
      {cache.size(0), cache.size(1), slots, cache.size(3)}, cache.options());
  larger.narrow(2, 0, cache.size(2)).copy_(cache);
  return larger;
}

torch::Tensor spread_prefix(const torch::Tensor& rows,
                            const torch::Tensor& index,
                            int64_t num_rows,
                            int64_t slots) {
  const int64_t filled = index.numel() / num_rows;
  auto cache = torch::empty({num_rows, rows.size(1), slots, rows.size(2)},
                            rows.options());
  cache.narrow(2, 0, filled)
      .copy_(rows.index_select(0, index)
                 .view({num_rows, filled, rows.size(1), rows.size(2)})
                 .transpose(1, 2));
  return cache;
}

}  // namespace

CachedAttention::CachedAttention(const std::vector<LayerKeyValue>& prefix,
                                 const std::vector<std::vector<RowRange>>& rows,
                                 int64_t max_new_tokens)
    : num_rows_(static_cast<int64_t>(rows.size())) {
  UME_CHECK(!prefix.empty() && !rows.empty(), "something to decode");
  const torch::NoGradGuard no_grad;
  int64_t shortest = std::numeric_limits<int64_t>::max();
  for (const auto& ranges : rows) {
    filled_ = std::max(filled_, total_size(ranges));
    shortest = std::min(shortest, total_size(ranges));
  }
  const auto options = prefix.front().key.options();
  const auto index = prefix_index(rows, filled_, options.device());
  const int64_t slots = filled_ + max_new_tokens;
  const int64_t first_slots = filled_ + std::min(max_new_tokens, kFirstSlots);
  for (const LayerKeyValue& layer : prefix) {
    cache_.push_back(
        {spread_prefix(layer.key, index, num_rows_, first_slots),
         spread_prefix(layer.value, index, num_rows_, first_slots)});
  }
  if (shortest == filled_) return;
  auto mask =
      torch::zeros({num_rows_, 1, 1, slots}, options.device(torch::kCPU));
  for (int64_t row = 0; row < num_rows_; ++row) {
    const int64_t own = total_size(rows[static_cast<size_t>(row)]);
    mask[row].narrow(-1, own, filled_ - own).fill_(kHidden);
  }
  hidden_slots_ = mask.to(options.device());
}

torch::Tensor CachedAttention::attend(int64_t layer,
                                      const torch::Tensor& query,
                                      const torch::Tensor& key,
                                      const torch::Tensor& value) {
  const torch::NoGradGuard no_grad;
  LayerKeyValue& cache = cache_[static_cast<size_t>(layer)];
  UME_CHECK(query.size(0) == num_rows_, "one new token for each row");
  if (filled_ == cache.key.size(2)) {
    cache.key = with_slots(cache.key, filled_ + filled_ / 2);
    cache.value = with_slots(cache.value, filled_ + filled_ / 2);
  }
  cache.key.select(2, filled_).copy_(key);
  cache.value.select(2, filled_).copy_(value);
  const int64_t visible = filled_ + 1;
  const int64_t kv_heads = key.size(1);
  const int64_t dim = key.size(2);
  // Heads that share a key head are the rows of one small matrix product.
  const auto q = query.view({num_rows_, kv_heads, -1, dim});
  auto scores =
      torch::matmul(q, cache.key.narrow(2, 0, visible).transpose(2, 3));
  scores.mul_(1.0 / std::sqrt(static_cast<double>(dim)));
  if (hidden_slots_.defined()) {
    scores.add_(hidden_slots_.narrow(-1, 0, visible));
  }
  const auto weights =
      torch::softmax(scores, -1, torch::kFloat32).to(value.scalar_type());
  const auto out = torch::matmul(weights, cache.value.narrow(2, 0, visible));
  if (layer + 1 == static_cast<int64_t>(cache_.size())) filled_ = visible;
  return out.reshape({num_rows_, -1});
}

void CachedAttention::keep_rows(const torch::Tensor& rows) {
  for (LayerKeyValue& layer : cache_) {
    layer.key = layer.key.index_select(0, rows);
    layer.value = layer.value.index_select(0, rows);
  }
  if (hidden_slots_.defined()) {
    hidden_slots_ = hidden_slots_.index_select(0, rows);
  }
  num_rows_ = rows.size(0);
}

}  // namespace ume
