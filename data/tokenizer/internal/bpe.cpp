#include "data/tokenizer/internal/bpe.h"

#include <algorithm>
#include <limits>

namespace ume {

BytePairEncoder::BytePairEncoder(const std::array<uint32_t, 256>& byte_ids,
                                 std::vector<Merge> merges,
                                 const std::vector<std::string>& tokens)
    : by_definition_(byte_ids, MergeTable(std::move(merges))),
      by_longest_(LongestMatchEncoder::make(
          byte_ids, by_definition_.merges(), tokens)) {}

void BytePairEncoder::encode(std::string_view word,
                             std::vector<int64_t>& ids) const {
  if (by_longest_) {
    by_longest_->encode(by_definition_.merges(), word, ids);
  } else {
    by_definition_.encode(word, ids);
  }
}

std::optional<LongestMatchEncoder> LongestMatchEncoder::make(
    const std::array<uint32_t, 256>& byte_ids,
    const MergeTable& merges,
    const std::vector<std::string>& tokens) {
  LongestMatchEncoder encoder;
  encoder.tokens_.resize(tokens.size());
  if (!encoder.add_merges(merges)) return std::nullopt;
  for (const uint32_t id : byte_ids) {
    if (encoder.tokens_[id].rank != kNoRank) return std::nullopt;
    encoder.tokens_[id].size = 1;
  }
  size_t total = 0;
  for (const Merge& merge : merges.merges()) {
    Token& token = encoder.tokens_[merge.result];
    token.size =
        encoder.tokens_[merge.left].size + encoder.tokens_[merge.right].size;
    if (token.size != tokens[merge.result].size()) return std::nullopt;
    total += token.size;
  }
  if (total + 256 > TokenMatcher::kMaxBytes) return std::nullopt;
  encoder.matcher_ = TokenMatcher(total + 256);
  encoder.add_matches(merges, tokens);
  return encoder;
}

// False where a token has two merges, or a part has a later one.
bool LongestMatchEncoder::add_merges(const MergeTable& merges) {
  const auto& list = merges.merges();
  for (uint32_t rank = 0; rank < list.size(); ++rank) {
    const Merge& merge = list[rank];
    Token& token = tokens_[merge.result];
    // A pair that comes twice has its later rank.
    if (token.rank != kNoRank || merges.rank(merge.left, merge.right) != rank) {
      return false;
    }
    token = {.left = merge.left, .right = merge.right, .rank = rank};
  }
  return std::all_of(list.begin(), list.end(), [&](const Merge& merge) {
    const uint32_t rank = tokens_[merge.result].rank;
    const auto is_earlier = [&](uint32_t part) {
      return tokens_[part].rank == kNoRank || tokens_[part].rank < rank;
    };
    return is_earlier(merge.left) && is_earlier(merge.right);
  });
}

// Tokens that can occur: bytes, and what is made of tokens that can occur and
// come to stand side by side.
void LongestMatchEncoder::add_matches(const MergeTable& merges,
                                      const std::vector<std::string>& tokens) {
  std::vector<bool> occurs(tokens_.size());
  std::vector<uint32_t> found;
  const auto add = [&](uint32_t id) {
    occurs[id] = true;
    found.push_back(id);
    matcher_.add(tokens[id], id);
  };
  for (uint32_t id = 0; id < tokens_.size(); ++id) {
    if (tokens_[id].rank == kNoRank && tokens_[id].size == 1) add(id);
  }
  for (const Merge& merge : merges.merges()) {
    if (occurs[merge.left] && occurs[merge.right] &&
        may_neighbour(merges, merge.left, merge.right,
                      tokens_[merge.result].rank)) {
      add(merge.result);
    }
  }
  for (const uint32_t id : found) {
    const std::string_view bytes = tokens[id];
    tokens_[id].shorter = matcher_.longest(bytes.substr(0, bytes.size() - 1));
  }
}

bool LongestMatchEncoder::may_neighbour(const MergeTable& merges,
                                        uint32_t left,
                                        uint32_t right,
                                        uint64_t limit) const {
  while (true) {
    const uint32_t across = merges.rank(left, right);
    if (across != kNoRank && across < limit) return false;
    const Token& a = tokens_[left];
    const Token& b = tokens_[right];
    const bool a_whole = a.rank == kNoRank;
    const bool b_whole = b.rank == kNoRank;
    if (a_whole && b_whole) return true;
    // Of two merges of the same rank the left one came first.
    if (b_whole || (!a_whole && a.rank > b.rank)) {
      limit = a.rank;
      left = a.right;
    } else {
      // The pair across is left of this merge: it wins where ranks are equal.
      limit = uint64_t{b.rank} + 1;
      right = b.left;
    }
  }
}

void LongestMatchEncoder::encode(const MergeTable& merges,
                                 std::string_view word,
                                 std::vector<int64_t>& ids) const {
  constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();
  const uint32_t whole = matcher_.longest(word);
  if (tokens_[whole].size == word.size()) {
    ids.push_back(whole);
    return;
  }
  const size_t first = ids.size();
  // Ends from which no row of tokens leads on.
  std::vector<bool> dead(word.size() + 1);
  size_t position = 0;
  uint32_t token = whole;
  while (true) {
    const bool is_first = ids.size() == first;
    const auto last = is_first ? 0 : static_cast<uint32_t>(ids.back());
    while (token != TokenMatcher::kNone &&
           (dead[position + tokens_[token].size] ||
            (!is_first && !may_neighbour(merges, last, token, kNoLimit)))) {
      token = tokens_[token].shorter;
    }
    if (token == TokenMatcher::kNone) {
      dead[position] = true;
      ids.pop_back();
      position -= tokens_[last].size;
      token = last;
      continue;
    }
    ids.push_back(token);
    position += tokens_[token].size;
    if (position == word.size()) return;
    token = matcher_.longest(word.substr(position));
  }
}

}  // namespace ume
