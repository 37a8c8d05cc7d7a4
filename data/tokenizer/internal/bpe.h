#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace ume {

// Merge number `rank` (lower is earlier): left and right become `result`.
struct Merge {
  uint32_t left = 0;
  uint32_t right = 0;
  uint32_t result = 0;
};

// Byte-pair encoding of single words. Immutable.
class BytePairEncoder {
 public:
  static constexpr uint32_t kNoRank = 0xFFFFFFFF;

  BytePairEncoder() = default;
  // byte_ids: the token of each single byte. merges: in order of rank; where
  // a pair occurs twice the later rank counts. The string of a result is that
  // of its parts joined (the caller has checked), so that no merge can bring
  // back its own parts: that keeps encode() within O(n log n).
  BytePairEncoder(const std::array<uint32_t, 256>& byte_ids,
                  std::vector<Merge> merges);

  // Appends the tokens of `word`, at most 2^31 bytes. Of all adjacent pairs
  // the one of lowest rank is merged first, of equal ones the leftmost.
  void encode(std::string_view word, std::vector<int64_t>& ids) const;

 private:
  uint32_t rank(uint32_t left, uint32_t right) const;
  void encode_short(std::string_view word, std::vector<int64_t>& ids) const;
  void encode_long(std::string_view word, std::vector<int64_t>& ids) const;

  std::array<uint32_t, 256> byte_ids_{};
  std::vector<Merge> merges_;
  // Open addressing, a power of two: (left << 32 | right, rank).
  std::vector<std::pair<uint64_t, uint32_t>> table_;
};

}  // namespace ume
