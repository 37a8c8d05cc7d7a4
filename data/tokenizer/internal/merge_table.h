#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace ume {

// Merge number `rank` (lower is earlier): left and right become `result`.
struct Merge {
  uint32_t left = 0;
  uint32_t right = 0;
  uint32_t result = 0;
};

constexpr uint32_t kNoRank = 0xFFFFFFFF;

// Merges by pair.
class MergeTable {
 public:
  MergeTable() = default;
  // In order of rank; where a pair occurs twice the later rank counts.
  explicit MergeTable(std::vector<Merge> merges);

  uint32_t rank(uint32_t left, uint32_t right) const {
    const uint64_t key = pair_key(left, right);
    for (size_t slot = hash(key) & mask_;; slot = (slot + 1) & mask_) {
      const auto& [found, rank] = table_[slot];
      if (rank == kNoRank || found == key) return rank;
    }
  }
  const std::vector<Merge>& merges() const { return merges_; }

 private:
  static uint64_t pair_key(uint32_t left, uint32_t right) {
    return static_cast<uint64_t>(left) << 32 | right;
  }
  static size_t hash(uint64_t key) {
    key *= 0x9E3779B97F4A7C15ull;
    return static_cast<size_t>(key ^ (key >> 32));
  }

  std::vector<Merge> merges_;
  // Open addressing, a power of two, at most half full.
  std::vector<std::pair<uint64_t, uint32_t>> table_ = {{0, kNoRank}};
  size_t mask_ = 0;
};

}  // namespace ume
