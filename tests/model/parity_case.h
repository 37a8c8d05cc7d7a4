#pragma once

#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/types/prepared_prompt.h"
#include "kernels/torch.h"
#include "model/attention/packed_batch.h"

namespace ume {

// A case of tests/fixtures/parity/model_*: what the reference saw and what it
// answered.
struct ParityCase {
  nlohmann::json json;
  std::map<std::string, torch::Tensor> expected;
  std::vector<PreparedPrompt> prompts;            // one a row
  std::vector<std::vector<int64_t>> completions;  // one a row
  std::vector<std::vector<int64_t>> valid;  // columns that are not padding
  torch::Tensor images;  // patches of all pictures; undefined: none
  torch::Tensor videos;
};

std::string parity_folder(const std::string& model);
ParityCase load_parity_case(const std::string& model,
                            const std::string& name,
                            const ModelConfig& config);

// Every row with its completion as one item.
std::vector<PackedItem> parity_items(const ParityCase& parity);

// Rows of prompt and completion in the order of the tokens.
std::vector<int64_t> all_rows(const PackedBatch& batch, int64_t item);

// All tensors of a safetensors file.
std::map<std::string, torch::Tensor> load_fixture(const std::string& path);

torch::Tensor index_of(const std::vector<int64_t>& values);
// Same names, same values.
bool equal(const NamedTensors& a, const NamedTensors& b);
double max_abs(const torch::Tensor& found, const torch::Tensor& expected);

}  // namespace ume
