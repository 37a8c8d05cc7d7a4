#include "data/tokenizer/internal/token_trie.h"

#include <algorithm>

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
  bool& is_first = is_first_[static_cast<uint8_t>(content[0])];
  if (!is_first) ++num_first_;
  is_first = true;
  only_first_ = content[0];
}

size_t TokenTrie::next_first(std::string_view text, size_t from) const {
  if (num_first_ == 1)
    return std::min(text.find(only_first_, from), text.size());
  while (from < text.size() && !is_first_[static_cast<uint8_t>(text[from])]) {
    ++from;
  }
  return from;
}

std::optional<TokenTrie::Match> TokenTrie::find(std::string_view text,
                                                size_t from) const {
  for (size_t begin = from; begin < text.size(); ++begin) {
    begin = next_first(text, begin);
    if (begin == text.size()) break;
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
