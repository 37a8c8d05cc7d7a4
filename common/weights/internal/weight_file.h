#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "common/weights/weight_channel.h"

// The bytes of one published version (docs/formats/weights.md).
namespace ume {

constexpr uint64_t kWeightAlignment = 64;

// Everything before the tensors' bytes, padded to the alignment.
struct WeightLayout {
  std::string header;
  std::vector<uint64_t> offsets;  // of each tensor, from the file's start
  uint64_t num_bytes = 0;         // of the whole file
};

// Throws InvalidInput when a name repeats or shape, dtype and bytes disagree.
WeightLayout lay_out_weights(const PolicyVersion& version,
                             std::span<const WeightTensor> tensors);

struct ParsedWeights {
  PolicyVersion version;
  std::vector<WeightTensor> tensors;  // borrowed from the content
};

// Throws InvalidInput, naming the source, for anything that lay_out_weights
// would not have written.
ParsedWeights parse_weights(std::span<const std::byte> content,
                            const std::string& source);

}  // namespace ume
