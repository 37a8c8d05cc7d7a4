#pragma once

#include "kernels/torch.h"
#include "model/rotary.h"

// The element-wise operations of both towers, differentiable.
namespace ume {

// x * weight / sqrt(mean(x^2) + eps) along the last dimension, in fp32 inside.
torch::Tensor rms_norm(const torch::Tensor& x,
                       const torch::Tensor& weight,
                       double eps);

// Turns each head by its row's angles. x: [num_rows, heads, head_dim].
torch::Tensor rotate_heads(const torch::Tensor& x, const RotaryTable& table);

// silu(gate) * up.
torch::Tensor swiglu(const torch::Tensor& gate, const torch::Tensor& up);

// x * sigmoid(1.702 x).
torch::Tensor quick_gelu(const torch::Tensor& x);

}  // namespace ume
