#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace ume {

// Finds added tokens in a text: leftmost first, of those the longest.
class TokenTrie {
 public:
  struct Match {
    size_t begin = 0;
    size_t size = 0;
    int64_t id = 0;
  };

  void add(std::string_view content, int64_t id);  // content: not empty
  // The first match at or after text[from].
  std::optional<Match> find(std::string_view text, size_t from) const;

 private:
  struct Node {
    int64_t id = -1;  // of the token that ends here; -1: none
    std::vector<std::pair<char, uint32_t>> children;
  };
  uint32_t child(uint32_t node, char byte) const;  // 0: none
  // Where a token may begin, at or after `from`; the text's size: nowhere.
  size_t next_first(std::string_view text, size_t from) const;

  std::vector<Node> nodes_ = std::vector<Node>(1);
  // Bytes with which tokens begin. Usually all begin with '<': memchr then.
  std::array<bool, 256> is_first_{};
  int num_first_ = 0;
  char only_first_ = 0;  // of the last token; the only one if num_first_ is 1
};

}  // namespace ume
