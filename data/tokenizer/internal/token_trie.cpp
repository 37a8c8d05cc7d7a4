#include "data/tokenizer/internal/token_trie.h"

namespace ume {

uint32_t TokenTrie::child(uint32_t node, char byte) const {
  for (const auto& [label, next] : nodes_[node].children) {
    if (label == byte) return next;
  }
  return 0;
}

void TokenTrie::add(std::string_view content, int64_t id) {
  uint32_t node = 0;
  for (const char byte : content) {
    uint32_t next = child(node, byte);
    if (next == 0) {
      next = static_cast<uint32_t>(nodes_.size());
      nodes_[node].children.emplace_back(byte, next);
      nodes_.emplace_back();
    }
    node = next;
  }
  nodes_[node].id = id;
  is_first_[static_cast<uint8_t>(content[0])] = true;
}

std::optional<TokenTrie::Match> TokenTrie::find(std::string_view text,
                                                size_t from) const {
  for (size_t begin = from; begin < text.size(); ++begin) {
    if (!is_first_[static_cast<uint8_t>(text[begin])]) continue;
    std::optional<Match> longest;
    uint32_t node = 0;
    for (size_t i = begin; i < text.size(); ++i) {
      node = child(node, text[i]);
      if (node == 0) break;
      if (nodes_[node].id >= 0) {
        longest = Match{begin, i + 1 - begin, nodes_[node].id};
      }
    }
    if (longest) return longest;
  }
  return std::nullopt;
}

}  // namespace ume
