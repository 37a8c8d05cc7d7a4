#pragma once

#include <cstddef>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>

namespace ume {

// The whole of a data file that another one, or the command line, names. Throws
// InvalidInput if it does not exist, is not a regular file or is larger than
// `max_bytes`, IoError saying why if it cannot be read.
std::string read_text_file(const std::filesystem::path& path, size_t max_bytes);

// `value` as it appears in an error message: JSON, cut after 60 characters.
std::string quote_json(const nlohmann::json& value);

}  // namespace ume
