#pragma once

#include <string>

#include "common/progress/progress.h"
#include "model/weights/stored_weights.h"

namespace ume {

// Throws ConfigError when the folder holds a model already, IoError when that
// cannot be told.
void refuse_model_folder(const std::string& folder);

// folder: where the files beside the weights are to come from, by name of an
// option. Throws IoError when it is no folder, InvalidInput when it holds no
// tokenizer.json.
void check_companions(const std::string& folder);

// "bfloat16" or "float16" where every tensor is stored so, else "float32".
std::string stored_dtype(const StoredWeights& stored);

// dtype: "bfloat16", "float16" or "float32". line: borrowed; shows what is
// written.
WriteModelOptions model_output_options(const std::string& dtype,
                                       ProgressLine& line,
                                       const std::string& label);

}  // namespace ume
