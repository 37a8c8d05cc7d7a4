#include "actors/run/model_shape.h"

#include <nlohmann/json.hpp>

#include "common/error/error.h"
#include "common/files/files.h"

namespace ume {

ModelShape read_model_shape(const std::string& folder) {
  const std::string path = folder + "/config.json";
  const auto json =
      nlohmann::json::parse(read_file(path, 1 << 20), nullptr, false);
  if (!json.is_object()) {
    throw InvalidInput(path + ": expected one JSON object");
  }
  // transformers 5 nests what describes the language model.
  const auto& text = json.contains("text_config") ? json["text_config"] : json;
  ModelShape shape;
  try {
    shape.hidden_size = text.at("hidden_size").get<int64_t>();
    shape.vocab_size = text.at("vocab_size").get<int64_t>();
  } catch (const nlohmann::json::exception& error) {
    throw InvalidInput(path + ": " + error.what());
  }
  return shape;
}

}  // namespace ume
