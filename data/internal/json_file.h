#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace ume {

// The whole file. Throws InvalidInput if it does not exist, is not a regular
// file or is larger than `max_bytes`, IoError if reading fails.
std::string read_text_file(const std::filesystem::path& path, size_t max_bytes);

// Parses UTF-8 JSON (RFC 8259) nested at most 64 deep. `where` names the file
// or line in the message of the InvalidInput that malformed text throws.
nlohmann::json parse_json(std::string_view text, const std::string& where);

// `value` as it appears in an error message: JSON, cut after 60 characters.
std::string quote_json(const nlohmann::json& value);

}  // namespace ume
