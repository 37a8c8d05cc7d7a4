#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ume {

// Outside text as a message or a terminal may have it: control characters,
// marks that turn the writing direction and bytes that are no UTF-8 become '?',
// and "…" follows what is cut after `max_bytes`.
std::string printable(std::string_view text, size_t max_bytes = 200);

// Of a whole message, which may name a path of 4 KiB.
constexpr size_t kMaxShownBytes = 16 << 10;
// A message that may have several lines: its line breaks stay, else as above.
std::string printable_message(std::string_view text);

// A number in a message, at most six digits: "60", "0.25", "1e+07".
std::string short_number(double value);

}  // namespace ume
