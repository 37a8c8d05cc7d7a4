#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/tensorfile/safetensors.h"

namespace ume {

class AtomicFile;

struct TensorSpec {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<int64_t> shape;

  uint64_t num_bytes() const;
};

// Writes a safetensors file of any size piece by piece: header first, then the
// bytes of all tensors in order(). Nothing is under the final name before
// commit(). Throws IoError.
class SafetensorsWriter {
 public:
  SafetensorsWriter(const std::string& path,
                    std::vector<TensorSpec> tensors,
                    const TensorMetadata& metadata = {{"format", "pt"}});
  ~SafetensorsWriter();
  // Wide types first, so that every tensor stays aligned; else as given.
  const std::vector<TensorSpec>& order() const { return order_; }
  void append(std::span<const std::byte> bytes);
  void commit();  // all bytes must have come

 private:
  std::vector<TensorSpec> order_;
  uint64_t missing_bytes_ = 0;
  std::unique_ptr<AtomicFile> file_;
};

}  // namespace ume
