#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "kernels/torch.h"
#include "model/weights/weights.h"

namespace ume {

// One trainable tensor inside the flat buffers.
struct ParameterSlot {
  std::string name;  // hub name
  std::vector<int64_t> shape;
  int64_t offset = 0;   // in elements
  int64_t count = 0;    // elements
  bool decays = false;  // takes part in weight decay
};

// A model's weights with the trainable ones laid out in one flat fp32 buffer,
// and their gradients in another: clipping, all-reduce and the optimiser then
// touch one tensor each. Not copyable; the model's tensors are views into it.
class Parameters {
 public:
  // weights: fp32, whole model. trainable: by hub name.
  // Order: first the decaying tensors, then the others, each by name.
  Parameters(NamedTensors weights,
             const std::function<bool(const std::string&)>& trainable);
  Parameters(const Parameters&) = delete;
  Parameters& operator=(const Parameters&) = delete;
  Parameters(Parameters&&) = default;

  // All tensors of the model, trainable ones as leaves whose gradients gather
  // in `gradients()`. What Qwen2VL is built from.
  const NamedTensors& tensors() const { return tensors_; }
  const std::vector<ParameterSlot>& slots() const { return slots_; }
  int64_t num_decaying() const { return num_decaying_; }  // leading elements

  torch::Tensor& values() { return values_; }        // [num_trainable]
  torch::Tensor& gradients() { return gradients_; }  // [num_trainable]
  void zero_gradients();
  // The part of a flat buffer that belongs to a slot, in the slot's shape.
  static torch::Tensor view(const torch::Tensor& flat,
                            const ParameterSlot& slot);

 private:
  NamedTensors tensors_;
  std::vector<ParameterSlot> slots_;
  int64_t num_decaying_ = 0;
  torch::Tensor values_;
  torch::Tensor gradients_;
};

// Whether a hub name trains: vision tower ("visual.", not its merger), merger
// ("visual.merger.") and language model.
bool is_trainable(const std::string& name,
                  bool freeze_vision,
                  bool freeze_merger);

}  // namespace ume
