#pragma once

#include <cstdint>

#include "kernels/torch.h"
#include "learner/optimizer/optimizer_config.h"
#include "learner/optimizer/parameters.h"

namespace ume {

// AdamW (decoupled weight decay, bias correction) in fp32 over the flat buffer
// of a Parameters, which must outlive it.
//   m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2
//   w = w (1 - lr wd) - lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + eps)
// wd is 0 for biases and LayerNorm parameters.
class AdamW {
 public:
  AdamW(Parameters& parameters, const OptimizerConfig& config);

  // One update from the current gradients.
  void step(double learning_rate);

  torch::Tensor& first_moment() { return first_; }    // [num_trainable]
  torch::Tensor& second_moment() { return second_; }  // [num_trainable]
  int64_t num_steps() const { return num_steps_; }    // taken so far: t
  void set_num_steps(int64_t steps) { num_steps_ = steps; }

 private:
  void update_range(int64_t begin, int64_t count, double lr, double decay);

  Parameters& parameters_;
  OptimizerConfig config_;
  torch::Tensor first_;
  torch::Tensor second_;
  int64_t num_steps_ = 0;
};

// The L2 norm of all elements, accumulated in double. Not finite when an
// element is not.
double global_norm(const torch::Tensor& flat);

// The factor min(1, limit / (norm + 1e-6)); 1 when limit is 0.
double clip_factor(double norm, double limit);

}  // namespace ume
