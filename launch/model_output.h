#pragma once

#include <string>

#include "common/progress/progress.h"
#include "model/stored_weights.h"

namespace ume {

// Throws ConfigError when the folder holds a model already.
void refuse_model_folder(const std::string& folder);

// "bfloat16" or "float16" where every tensor is stored so, else "float32".
std::string stored_dtype(const StoredWeights& stored);

// dtype: "bfloat16", "float16" or "float32". line: borrowed; shows what is
// written.
WriteModelOptions model_output_options(const std::string& dtype,
                                       ProgressLine& line,
                                       const std::string& label);

}  // namespace ume
