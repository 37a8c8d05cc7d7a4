#include "actors/run/model_shape.h"

#include <nlohmann/json.hpp>

#include "common/error/error.h"
#include "common/files/files.h"

namespace ume {
namespace {

// As the models themselves are bounded.
constexpr int64_t kMaxWidth = 1 << 17;
constexpr int64_t kMaxVocabulary = 1 << 22;

int64_t number(const nlohmann::json& object,
               const char* name,
               int64_t most,
               const std::string& path) {
  const auto found = object.find(name);
  if (found != object.end() && found->is_number_unsigned()) {
    const auto value = found->get<uint64_t>();
    if (value >= 1 && value <= static_cast<uint64_t>(most)) {
      return static_cast<int64_t>(value);
    }
  }
  throw InvalidInput(path + ": " + name + ": expected 1 to " +
                     std::to_string(most));
}

}  // namespace

ModelShape read_model_shape(const std::string& folder) {
  const std::string path = folder + "/config.json";
  const auto json =
      nlohmann::json::parse(read_file(path, 1 << 20), nullptr, false);
  if (!json.is_object()) {
    throw InvalidInput(path + ": expected one JSON object");
  }
  // transformers 5 nests what describes the language model.
  const auto& text = json.contains("text_config") ? json["text_config"] : json;
  if (!text.is_object()) {
    throw InvalidInput(path + ": text_config: expected an object");
  }
  return {number(text, "hidden_size", kMaxWidth, path),
          number(text, "vocab_size", kMaxVocabulary, path)};
}

}  // namespace ume
