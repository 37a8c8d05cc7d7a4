#include "data/internal/json_file.h"

#include <nlohmann/json.hpp>

#include "common/error/error.h"
#include "common/files/files.h"

namespace ume {
namespace {

constexpr size_t kMaxQuoted = 60;

}  // namespace

std::string read_text_file(const std::filesystem::path& path,
                           size_t max_bytes) {
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) {
    throw InvalidInput(path.string() + ": no such file");
  }
  if (std::filesystem::exists(status) &&
      !std::filesystem::is_regular_file(status)) {
    throw InvalidInput(path.string() + ": not a regular file");
  }
  return read_file(path.string(), max_bytes);
}

std::string quote_json(const nlohmann::json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "a list";
  std::string text =
      value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  if (text.size() > kMaxQuoted) {
    text.resize(kMaxQuoted);
    text += "…";
  }
  return text;
}

}  // namespace ume
