#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

// Pieces of JSON appended to a line: no tree is built of a million numbers.
namespace ume {

// In quotes; bytes that are not UTF-8 become U+FFFD.
void append_json(std::string& line, std::string_view text);
void append_json(std::string& line, std::span<const int64_t> values);
// The shortest digits that read back to the same float. Throws InvalidInput
// for a value that is not finite, which JSON cannot hold.
void append_json(std::string& line, std::span<const float> values);

}  // namespace ume
