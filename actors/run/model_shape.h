#pragma once

#include <cstdint>
#include <string>

namespace ume {

// What a role without LibTorch needs of a model folder.
struct ModelShape {
  int64_t hidden_size = 0;
  int64_t vocab_size = 0;
};

// From FOLDER/config.json, either layout. Throws InvalidInput or IoError.
ModelShape read_model_shape(const std::string& folder);

}  // namespace ume
