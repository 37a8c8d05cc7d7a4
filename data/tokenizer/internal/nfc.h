#pragma once

#include <string>
#include <string_view>

namespace ume {

// Unicode normalization form C of valid UTF-8, in O(n log n) whatever the
// text (long runs of combining marks included).
std::string nfc(std::string_view text);

// The same without a look at is_surely_nfc first.
std::string nfc_by_steps(std::string_view text);

// True where every character of the valid text shows that it is in form C (no
// mark or other character that could join the one before it: all ASCII, nearly
// all text in Chinese, Japanese or Korean); false says nothing.
bool is_surely_nfc(std::string_view text);

}  // namespace ume
