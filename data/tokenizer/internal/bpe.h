#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "data/tokenizer/internal/merge_table.h"
#include "data/tokenizer/internal/token_matcher.h"

namespace ume {

// Byte-pair encoding of words by its definition: of all adjacent pairs the one
// of lowest rank is merged first, of equal ones the leftmost. O(n log n) with
// pairs in a queue by rank. Immutable.
class MergeQueueEncoder {
 public:
  MergeQueueEncoder() = default;
  // byte_ids: the token of each single byte. The string of a merge's result is
  // that of its parts joined (the caller has checked), so that no merge can
  // bring back its own parts.
  MergeQueueEncoder(const std::array<uint32_t, 256>& byte_ids,
                    MergeTable merges);
  // Memory is about 20 bytes for each of a word.
  static constexpr size_t kMaxWordBytes = size_t{16} << 20;
  // Appends the tokens of `word`. Throws InvalidInput above kMaxWordBytes.
  void encode(std::string_view word, std::vector<int64_t>& ids) const;

  const MergeTable& merges() const { return merges_; }

 private:
  std::array<uint32_t, 256> byte_ids_{};
  MergeTable merges_;
};

// The same tokens in O(n) and far faster: takes the longest token that the
// definition allows beside the one before, and steps back where none is.
// Two tokens may stand side by side exactly if undoing their merges, the latest
// first, never shows a pair across their border that would have been merged
// before; a word's encoding is the one row of tokens in which all neighbours
// may. (Found by the authors of the Rust crate `bpe`.) Immutable.
class LongestMatchEncoder {
 public:
  // tokens: bytes by id. Nothing where the vocabulary is not in the order that
  // this needs: each token from one merge, which is later than those of its
  // parts. Every trained vocabulary is.
  static std::optional<LongestMatchEncoder> make(
      const std::array<uint32_t, 256>& byte_ids,
      const MergeTable& merges,
      const std::vector<std::string>& tokens);

  // Appends the tokens of `word`. merges: as given to make().
  void encode(const MergeTable& merges,
              std::string_view word,
              std::vector<int64_t>& ids) const;

 private:
  struct Token {
    uint32_t left = 0;                       // its parts
    uint32_t right = 0;                      //
    uint32_t rank = kNoRank;                 // of its merge; kNoRank: a byte
    uint32_t shorter = TokenMatcher::kNone;  // longest token it begins with
    uint32_t size = 0;                       // bytes
  };

  // Undoing merges from a pair of rank below `limit` on.
  bool may_neighbour(const MergeTable& merges,
                     uint32_t left,
                     uint32_t right,
                     uint64_t limit) const;
  bool add_merges(const MergeTable& merges);
  void add_matches(const MergeTable& merges,
                   const std::vector<std::string>& tokens);

  std::vector<Token> tokens_;  // by id
  TokenMatcher matcher_;
};

// Chooses between the two. Immutable.
class BytePairEncoder {
 public:
  BytePairEncoder() = default;
  BytePairEncoder(const std::array<uint32_t, 256>& byte_ids,
                  std::vector<Merge> merges,
                  const std::vector<std::string>& tokens);

  void encode(std::string_view word, std::vector<int64_t>& ids) const;

 private:
  MergeQueueEncoder by_definition_;
  std::optional<LongestMatchEncoder> by_longest_;
};

}  // namespace ume
