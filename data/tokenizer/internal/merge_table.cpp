#include "data/tokenizer/internal/merge_table.h"

namespace ume {

MergeTable::MergeTable(std::vector<Merge> merges) : merges_(std::move(merges)) {
  size_t capacity = 16;
  while (capacity < merges_.size() * 2) capacity *= 2;
  table_.assign(capacity, {0, kNoRank});
  mask_ = capacity - 1;
  for (uint32_t r = 0; r < merges_.size(); ++r) {
    const uint64_t key = pair_key(merges_[r].left, merges_[r].right);
    size_t slot = hash(key) & mask_;
    while (table_[slot].second != kNoRank && table_[slot].first != key) {
      slot = (slot + 1) & mask_;
    }
    table_[slot] = {key, r};
  }
}

}  // namespace ume
