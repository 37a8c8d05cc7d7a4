#pragma once

#include <memory>

#include "common/weights/weight_channel.h"
#include "kernels/torch.h"
#include "model/qwen2_vl.h"

namespace ume {

// Copies a published version into tensors (fp32) that a model can be built on.
// Throws InvalidInput for a dtype that no checkpoint of the family has.
NamedTensors tensors_of(const WeightSnapshot& snapshot);

// A model that follows published versions: loads one when asked for another
// than it holds. Not thread-safe.
class PolicyReplica {
 public:
  // The channel is borrowed.
  PolicyReplica(ModelConfig config, WeightChannel& channel);

  // Throws Unavailable when the version is gone, InvalidInput when its bytes
  // are damaged or do not fit the config.
  const Qwen2VL& at(const WeightManifest& manifest);

 private:
  ModelConfig config_;
  WeightChannel& channel_;
  WeightManifest loaded_;
  std::unique_ptr<Qwen2VL> model_;
};

}  // namespace ume
