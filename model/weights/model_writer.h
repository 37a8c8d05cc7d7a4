#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "model/weights/weights.h"

// Writing models of any size: weights come piece by piece, so that memory does
// not depend on the size.
namespace ume {

// Copies elements [first, first + out.size()) of a parameter, row-major.
using WeightReader = std::function<void(
    const WeightSpec& spec, int64_t first, std::span<float> out)>;

// The weights of init_weights().
WeightReader init_reader(const ModelConfig& config, uint64_t seed);

// `read` with some rows of the input embedding replaced by others: (to, from).
WeightReader with_copied_rows(WeightReader read,
                              std::vector<std::pair<int64_t, int64_t>> rows);

struct WriteModelOptions {
  torch::ScalarType dtype = torch::kBFloat16;  // of the file; or fp16, fp32
  // As SaveModelOptions'; of files in several folders the last is taken.
  std::vector<std::string> companions;
  // Written in place of companions, by name.
  std::map<std::string, std::string> files;
  uint64_t shard_bytes = 5'000'000'000;  // as on the hub
  // Called now and then with bytes written and to write.
  std::function<void(uint64_t, uint64_t)> progress;
};

// Writes the folder that save_model() describes, config.json last: what an
// interrupted call leaves is no model. Weights of another model that lie there
// are removed. Throws IoError; InvalidInput for a value that the type does not
// hold.
void write_model(const std::string& folder,
                 const ModelConfig& config,
                 const WeightReader& read,
                 const WriteModelOptions& options);

int64_t num_elements(const WeightSpec& spec);

}  // namespace ume
