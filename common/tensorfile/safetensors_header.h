#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/tensorfile/safetensors.h"

// The JSON header of a safetensors file; used by safetensors.cpp only.
namespace ume {

struct HeaderEntry {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<int64_t> shape;
  uint64_t begin = 0;  // bytes after the header
  uint64_t end = 0;
};

struct SafetensorsHeader {
  std::vector<HeaderEntry> entries;  // in the file's order
  TensorMetadata metadata;
};

// Grammar only: keys, types, ranks, repeated names. Memory stays proportional
// to the text. Throws InvalidInput.
SafetensorsHeader parse_safetensors_header(std::string_view text,
                                           const std::string& where);

}  // namespace ume
