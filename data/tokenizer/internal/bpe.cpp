#include "data/tokenizer/internal/bpe.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <unordered_map>

namespace ume {
namespace {

// Up to here looking at every pair again beats keeping books.
constexpr size_t kShortWord = 64;
constexpr uint32_t kNone = 0xFFFFFFFF;

uint64_t pair_key(uint32_t left, uint32_t right) {
  return (static_cast<uint64_t>(left) << 32) | right;
}

size_t hash_key(uint64_t key) {
  key *= 0x9E3779B97F4A7C15ull;
  return static_cast<size_t>(key ^ (key >> 32));
}

// One part of a long word, linked with its neighbours.
struct Part {
  uint32_t id = 0;
  uint32_t previous = kNone;
  uint32_t next = kNone;
  uint32_t rank = BytePairEncoder::kNoRank;  // of the pair (this, next)
};

// Positions of pairs by rank. A position may be stale: the part's own rank
// decides. All pairs of the lowest rank are taken together, so that ordering
// costs a sort per rank and not a heap operation per pair.
class PairQueue {
 public:
  void push(uint32_t rank, uint32_t position) {
    Bucket& bucket = buckets_[rank];
    if (bucket.next == bucket.positions.size()) {
      bucket.positions.clear();
      bucket.next = 0;
      ranks_.push(rank);
    }
    bucket.is_sorted &= bucket.positions.size() == bucket.next ||
                        bucket.positions.back() <= position;
    bucket.positions.push_back(position);
  }

  bool empty() const { return ranks_.empty(); }

  // The leftmost position of the lowest rank.
  std::pair<uint32_t, uint32_t> pop() {
    const uint32_t rank = ranks_.top();
    Bucket& bucket = buckets_[rank];
    if (!bucket.is_sorted) {
      std::sort(
          bucket.positions.begin() + static_cast<std::ptrdiff_t>(bucket.next),
          bucket.positions.end());
      bucket.is_sorted = true;
    }
    const uint32_t position = bucket.positions[bucket.next++];
    if (bucket.next == bucket.positions.size()) ranks_.pop();
    return {rank, position};
  }

 private:
  struct Bucket {
    std::vector<uint32_t> positions;
    size_t next = 0;
    bool is_sorted = true;
  };

  std::unordered_map<uint32_t, Bucket> buckets_;
  // Ranks whose bucket is not used up, each once.
  std::priority_queue<uint32_t, std::vector<uint32_t>, std::greater<>> ranks_;
};

}  // namespace

BytePairEncoder::BytePairEncoder(const std::array<uint32_t, 256>& byte_ids,
                                 std::vector<Merge> merges)
    : byte_ids_(byte_ids), merges_(std::move(merges)) {
  size_t capacity = 16;
  while (capacity < merges_.size() * 2) capacity *= 2;
  table_.assign(capacity, {0, kNoRank});
  for (uint32_t r = 0; r < merges_.size(); ++r) {
    const uint64_t key = pair_key(merges_[r].left, merges_[r].right);
    size_t slot = hash_key(key) & (capacity - 1);
    while (table_[slot].second != kNoRank && table_[slot].first != key) {
      slot = (slot + 1) & (capacity - 1);
    }
    table_[slot] = {key, r};
  }
}

uint32_t BytePairEncoder::rank(uint32_t left, uint32_t right) const {
  const uint64_t key = pair_key(left, right);
  const size_t mask = table_.size() - 1;
  for (size_t slot = hash_key(key) & mask;; slot = (slot + 1) & mask) {
    const auto& [found, rank] = table_[slot];
    if (rank == kNoRank || found == key) return rank;
  }
}

void BytePairEncoder::encode(std::string_view word,
                             std::vector<int64_t>& ids) const {
  if (word.size() <= kShortWord) {
    encode_short(word, ids);
  } else {
    encode_long(word, ids);
  }
}

void BytePairEncoder::encode_short(std::string_view word,
                                   std::vector<int64_t>& ids) const {
  std::array<uint32_t, kShortWord> parts;
  std::array<uint32_t, kShortWord> ranks;  // of the pair (i, i + 1)
  size_t count = word.size();
  for (size_t i = 0; i < count; ++i) {
    parts[i] = byte_ids_[static_cast<uint8_t>(word[i])];
    if (i > 0) ranks[i - 1] = rank(parts[i - 1], parts[i]);
  }
  while (count > 1) {
    const auto* best = std::min_element(ranks.data(), ranks.data() + count - 1);
    if (*best == kNoRank) break;
    const auto at = static_cast<size_t>(best - ranks.data());
    parts[at] = merges_[*best].result;
    std::copy(parts.data() + at + 2, parts.data() + count,
              parts.data() + at + 1);
    std::copy(ranks.data() + at + 1, ranks.data() + count - 1,
              ranks.data() + at);
    --count;
    if (at > 0) ranks[at - 1] = rank(parts[at - 1], parts[at]);
    if (at + 1 < count) ranks[at] = rank(parts[at], parts[at + 1]);
  }
  ids.insert(ids.end(), parts.data(), parts.data() + count);
}

void BytePairEncoder::encode_long(std::string_view word,
                                  std::vector<int64_t>& ids) const {
  const auto size = static_cast<uint32_t>(word.size());
  std::vector<Part> parts(size);
  PairQueue queue;
  const auto update_rank = [&](uint32_t i) {
    Part& part = parts[i];
    part.rank =
        part.next == kNone ? kNoRank : rank(part.id, parts[part.next].id);
    if (part.rank != kNoRank) queue.push(part.rank, i);
  };
  for (uint32_t i = 0; i < size; ++i) {
    parts[i].id = byte_ids_[static_cast<uint8_t>(word[i])];
    if (i > 0) parts[i].previous = i - 1;
    if (i + 1 < size) parts[i].next = i + 1;
  }
  for (uint32_t i = 0; i < size; ++i) update_rank(i);
  while (!queue.empty()) {
    const auto [best, i] = queue.pop();
    Part& part = parts[i];
    if (part.rank != best) continue;
    Part& gone = parts[part.next];
    part.id = merges_[best].result;
    part.next = gone.next;
    gone.rank = kNoRank;
    if (part.next != kNone) parts[part.next].previous = i;
    if (part.previous != kNone) update_rank(part.previous);
    update_rank(i);
  }
  for (uint32_t i = 0; i != kNone; i = parts[i].next)
    ids.push_back(parts[i].id);
}

}  // namespace ume
