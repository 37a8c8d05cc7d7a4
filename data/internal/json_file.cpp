#include "data/internal/json_file.h"

#include <fstream>
#include <nlohmann/json.hpp>

#include "common/error/error.h"

namespace ume {
namespace {

constexpr size_t kMaxQuoted = 60;

}  // namespace

std::string read_text_file(const std::filesystem::path& path,
                           size_t max_bytes) {
  const std::string name = path.string();
  std::error_code error;
  const auto status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status)) {
    throw InvalidInput(name + ": no such file");
  }
  if (!std::filesystem::is_regular_file(status)) {
    throw InvalidInput(name + ": not a regular file");
  }
  const auto size = std::filesystem::file_size(path, error);
  if (error) throw IoError(name + ": " + error.message());
  if (size > max_bytes) {
    throw InvalidInput(name + ": " + std::to_string(size) + " bytes; at most " +
                       std::to_string(max_bytes) + " are accepted");
  }
  std::ifstream file(path, std::ios::binary);
  if (!file) throw IoError(name + ": cannot be opened");
  std::string text(size, '\0');
  file.read(text.data(), static_cast<std::streamsize>(size));
  if (static_cast<size_t>(file.gcount()) != size) {
    throw IoError(name + ": read " + std::to_string(file.gcount()) + " of " +
                  std::to_string(size) + " bytes");
  }
  return text;
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
