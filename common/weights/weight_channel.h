#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/types/policy_version.h"

// How a learner hands versions of the weights to samplers
// (docs/formats/weights.md). Plain pointers; no LibTorch.
namespace ume {

// One named tensor, contiguous and row-major; the bytes are borrowed.
struct WeightTensor {
  std::string name;            // the hub's, e.g. "model.norm.weight"
  std::string dtype;           // "F32", "BF16", "F16", … as in safetensors
  std::vector<int64_t> shape;  // may be empty: a scalar
  std::span<const std::byte> bytes;
};

// A version that can be read. Keeps its bytes alive and unchanged, even when
// the channel has dropped the version.
class WeightSnapshot {
 public:
  virtual ~WeightSnapshot() = default;
  virtual const PolicyVersion& version() const = 0;
  // In the order of publication; each 64-byte aligned.
  virtual const std::vector<WeightTensor>& tensors() const = 0;
};

class WeightChannel {
 public:
  virtual ~WeightChannel() = default;
  // Makes the version readable by others when it returns. Publishing a version
  // again replaces it. The last two versions are kept.
  // Throws InvalidInput when a name repeats or shape, dtype and bytes disagree;
  // IoError when there is no room.
  virtual WeightManifest publish(const PolicyVersion& version,
                                 std::span<const WeightTensor> tensors) = 0;
  // Throws Unavailable when the version is gone, InvalidInput when its bytes do
  // not have the manifest's hash.
  virtual std::shared_ptr<const WeightSnapshot> receive(
      const WeightManifest& manifest) = 0;
};

// XXH3-128, hex, of names, dtypes, shapes and bytes in the given order. Equal
// weights have equal hashes whatever their version.
std::string weight_hash(std::span<const WeightTensor> tensors);

// Bytes of one element of a safetensors dtype. Throws InvalidInput.
size_t dtype_size(const std::string& dtype);

// Inside one process: holds copies. Threads may share it.
std::unique_ptr<WeightChannel> make_memory_weight_channel();

// Between processes of one host: a file per version in `folder`, which is best
// on a memory file system.
//   folder: e.g. "/dev/shm/ume-UID"; created (0700) where missing.
//   run_id: part of the files' names; letters, digits, '-', '_' and '.'.
// They stay after its end; weight_claim.h removes them.
std::unique_ptr<WeightChannel> make_shm_weight_channel(
    const std::string& folder, const std::string& run_id);

}  // namespace ume
