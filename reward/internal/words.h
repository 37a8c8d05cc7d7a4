#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace ume {

// The words of a text, hashed, in order: runs of ASCII letters and digits (case
// does not count; cut at 64 bytes), and every other character beyond ASCII by
// itself, so that languages without spaces have words too. White space and
// ASCII punctuation separate. Any bytes; linear.
//   most: no more than so many.
std::vector<uint64_t> hashed_words(std::string_view text, size_t most);

}  // namespace ume
