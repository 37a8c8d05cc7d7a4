#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace ume {

// The whole file. Throws InvalidInput if it does not exist, is not a regular
// file or is larger than `max_bytes`, IoError if reading fails.
std::string read_text_file(const std::filesystem::path& path, size_t max_bytes);

// `value` as it appears in an error message: JSON, cut after 60 characters.
std::string quote_json(const nlohmann::json& value);

}  // namespace ume
