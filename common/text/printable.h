#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ume {

// Outside text as a message or a terminal may have it: control characters,
// marks that turn the writing direction and bytes that are no UTF-8 become '?',
// and "…" follows what is cut after `max_bytes`.
std::string printable(std::string_view text, size_t max_bytes = 200);

}  // namespace ume
