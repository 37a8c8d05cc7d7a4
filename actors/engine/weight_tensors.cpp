#include "actors/engine/weight_tensors.h"

#include <utility>

#include "common/error/error.h"

namespace ume {
namespace {

torch::ScalarType scalar_type(const std::string& dtype) {
  if (dtype == "F32") return torch::kFloat32;
  if (dtype == "BF16") return torch::kBFloat16;
  if (dtype == "F16") return torch::kFloat16;
  throw InvalidInput("published weights: unsupported dtype " + dtype +
                     ", expected F32, BF16 or F16");
}

}  // namespace

NamedTensors tensors_of(const WeightSnapshot& snapshot) {
  NamedTensors result;
  for (const WeightTensor& tensor : snapshot.tensors()) {
    // from_blob wants a mutable pointer; the copy below is all that is made of
    // it.
    auto* bytes = const_cast<std::byte*>(tensor.bytes.data());
    result[tensor.name] =
        torch::from_blob(bytes, tensor.shape, scalar_type(tensor.dtype))
            .to(torch::kFloat32, /*non_blocking=*/false, /*copy=*/true);
  }
  return result;
}

PolicyReplica::PolicyReplica(ModelConfig config, WeightChannel& channel)
    : config_(std::move(config)), channel_(channel) {}

const Qwen2VL& PolicyReplica::at(const WeightManifest& manifest) {
  if (!model_ || manifest != loaded_) {
    const auto snapshot = channel_.receive(manifest);
    model_ = std::make_unique<Qwen2VL>(config_, tensors_of(*snapshot));
    loaded_ = manifest;
  }
  return *model_;
}

}  // namespace ume
