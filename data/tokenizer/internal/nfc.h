#pragma once

#include <string>
#include <string_view>

namespace ume {

// Unicode normalization form C of valid UTF-8, in O(n log n) whatever the
// text (long runs of combining marks included).
std::string nfc(std::string_view text);

// True where `text` is known to be in form C at a glance (no character above
// U+02FF); false says nothing.
bool is_surely_nfc(std::string_view text);

}  // namespace ume
