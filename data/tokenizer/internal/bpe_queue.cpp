#include <algorithm>
#include <functional>
#include <queue>
#include <unordered_map>

#include "common/error/error.h"
#include "data/tokenizer/internal/bpe.h"

namespace ume {
namespace {

constexpr uint32_t kNone = 0xFFFFFFFF;

// One part of a long word, linked with its neighbours.
struct Part {
  uint32_t id = 0;
  uint32_t previous = kNone;
  uint32_t next = kNone;
  uint32_t rank = kNoRank;  // of the pair (this, next)
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

MergeQueueEncoder::MergeQueueEncoder(const std::array<uint32_t, 256>& byte_ids,
                                     MergeTable merges)
    : byte_ids_(byte_ids), merges_(std::move(merges)) {}

void MergeQueueEncoder::encode(std::string_view word,
                               std::vector<int64_t>& ids) const {
  if (word.size() > kMaxWordBytes) {
    throw InvalidInput(
        "text to tokenize: a word of " + std::to_string(word.size()) +
        " bytes; at most " + std::to_string(kMaxWordBytes) +
        " are accepted with a vocabulary that is not in the order of its "
        "merges");
  }
  const auto size = static_cast<uint32_t>(word.size());
  std::vector<Part> parts(size);
  PairQueue queue;
  const auto update_rank = [&](uint32_t i) {
    Part& part = parts[i];
    part.rank = part.next == kNone ? kNoRank
                                   : merges_.rank(part.id, parts[part.next].id);
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
    part.id = merges_.merges()[best].result;
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
