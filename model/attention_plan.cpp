#include "model/attention_plan.h"

#include <algorithm>
#include <numeric>

#include "common/error/check.h"

namespace ume {
namespace {

struct Lengths {
  int64_t query = 0;
  int64_t key = 0;
};

Lengths lengths_of(const PackedSequence& sequence) {
  Lengths out{sequence.own.size(), sequence.own.size()};
  for (const RowRange& range : sequence.context) out.key += range.size();
  return out;
}

// Cells of the score matrix that a block of `count` would compute.
int64_t cost(const Lengths& largest, int64_t count) {
  return count * largest.query * largest.key;
}

// A block costs about as much as this many score cells by being one more call.
constexpr int64_t kBlockOverhead = 16384;

// A block of unequal shapes needs a mask, of a byte a cell and inside the
// attention of four: so many cells at most are worth saving a call.
constexpr int64_t kMaxMaskCells = int64_t{1} << 24;

// Cuts the sequences (sorted by length) into runs so that padding stays small:
// a sequence joins the run before it unless a new block is cheaper, or a mask
// over the whole run would be large.
std::vector<std::vector<size_t>> form_runs(
    const std::vector<PackedSequence>& sequences) {
  std::vector<size_t> order(sequences.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const Lengths x = lengths_of(sequences[a]);
    const Lengths y = lengths_of(sequences[b]);
    return std::pair(x.query, x.key) > std::pair(y.query, y.key);
  });
  std::vector<std::vector<size_t>> runs;
  Lengths largest;
  int64_t wasted = 0;
  for (const size_t index : order) {
    const Lengths own = lengths_of(sequences[index]);
    if (own.query == 0) continue;
    const Lengths grown{std::max(largest.query, own.query),
                        std::max(largest.key, own.key)};
    if (!runs.empty()) {
      const auto count = static_cast<int64_t>(runs.back().size());
      const int64_t more =
          cost(grown, count + 1) - cost(largest, count) - own.query * own.key;
      const bool needs_mask = wasted + more > 0;
      if (wasted + more <= kBlockOverhead &&
          !(needs_mask && cost(grown, count + 1) > kMaxMaskCells)) {
        wasted += more;
        largest = grown;
        runs.back().push_back(index);
        continue;
      }
    }
    runs.push_back({index});
    largest = own;
    wasted = 0;
  }
  return runs;
}

torch::Tensor index_tensor(const std::vector<int64_t>& values,
                           torch::Device device) {
  return torch::tensor(values, torch::kInt64).to(device);
}

// The tables of one block, filled sequence by sequence.
class BlockBuilder {
 public:
  BlockBuilder(const std::vector<PackedSequence>& sequences,
               const std::vector<size_t>& run,
               bool causal)
      : causal_(causal), count_(static_cast<int64_t>(run.size())) {
    for (const size_t index : run) {
      const Lengths own = lengths_of(sequences[index]);
      plain_ = plain_ && (index == run.front() ||
                          (own.query == max_.query && own.key == max_.key));
      plain_ = plain_ && (!causal || own.query == own.key);
      max_ = {std::max(max_.query, own.query), std::max(max_.key, own.key)};
    }
    if (!plain_) {
      mask_ = torch::zeros({count_, 1, max_.query, max_.key}, torch::kBool);
    }
    for (const size_t index : run) add(sequences[index]);
  }

  // result[row] = place of the row's output in this block, plus `offset`.
  AttentionBlock finish(torch::Device device,
                        int64_t offset,
                        std::vector<int64_t>& result) const {
    for (size_t i = 0; i < queries_.size(); ++i) {
      if (padding_[i]) continue;
      int64_t& place = result[static_cast<size_t>(queries_[i])];
      UME_CHECK(place < 0, "a row belongs to one sequence");
      place = offset + static_cast<int64_t>(i);
    }
    AttentionBlock block;
    block.query_index = index_tensor(queries_, device);
    block.key_index = index_tensor(keys_, device);
    if (!plain_) block.mask = mask_.to(device);
    block.causal = plain_ && causal_;
    block.size = count_;
    block.max_query = max_.query;
    block.max_key = max_.key;
    return block;
  }

 private:
  void add(const PackedSequence& sequence) {
    const Lengths own = lengths_of(sequence);
    for (int64_t i = 0; i < max_.query; ++i) {
      padding_.push_back(i >= own.query);
      queries_.push_back(i < own.query ? sequence.own.begin + i
                                       : sequence.own.begin);
    }
    const size_t first_key = keys_.size();
    for (const RowRange& range : sequence.context) append_keys(range);
    append_keys(sequence.own);
    keys_.resize(first_key + static_cast<size_t>(max_.key), sequence.own.begin);
    if (!plain_) fill_mask(own);
    ++added_;
  }

  void append_keys(const RowRange& range) {
    for (int64_t row = range.begin; row < range.end; ++row) {
      keys_.push_back(row);
    }
  }

  void fill_mask(const Lengths& own) {
    bool* cells = mask_.data_ptr<bool>() + added_ * max_.query * max_.key;
    const int64_t context = own.key - own.query;
    for (int64_t i = 0; i < max_.query; ++i) {
      // Padding queries see one key, so that their softmax is defined.
      int64_t visible = causal_ ? context + i + 1 : own.key;
      if (i >= own.query) visible = 1;
      std::fill_n(cells + i * max_.key, visible, true);
    }
  }

  bool causal_;
  int64_t count_;
  int64_t added_ = 0;
  bool plain_ = true;
  Lengths max_;
  torch::Tensor mask_;  // undefined: plain
  std::vector<int64_t> queries_;
  std::vector<bool> padding_;
  std::vector<int64_t> keys_;
};

}  // namespace

AttentionPlan plan_attention(const std::vector<PackedSequence>& sequences,
                             bool causal,
                             torch::Device device) {
  AttentionPlan plan;
  for (const PackedSequence& sequence : sequences) {
    plan.num_rows += sequence.own.size();
  }
  std::vector<int64_t> result(static_cast<size_t>(plan.num_rows), -1);
  int64_t offset = 0;
  for (const auto& run : form_runs(sequences)) {
    const BlockBuilder builder(sequences, run, causal);
    plan.blocks.push_back(builder.finish(device, offset, result));
    offset += plan.blocks.back().size * plan.blocks.back().max_query;
  }
  bool identity = offset == plan.num_rows;
  for (int64_t row = 0; row < plan.num_rows; ++row) {
    const int64_t place = result[static_cast<size_t>(row)];
    UME_CHECK(place >= 0, "every row belongs to a sequence");
    identity = identity && place == row;
  }
  if (!identity) plan.result_index = index_tensor(result, device);
  return plan;
}

}  // namespace ume
