#pragma once

#include "kernels/torch.h"
#include "model/attention/rotary.h"

// Operations of both towers, differentiable.
namespace ume {

// x * weight / sqrt(mean(x^2) + eps) along the last dimension, in fp32 inside.
torch::Tensor rms_norm(const torch::Tensor& x,
                       const torch::Tensor& weight,
                       double eps);

// Turns each head by its row's angles, in the table's type; the result has that
// of x. x: [num_rows, heads, head_dim].
torch::Tensor rotate_heads(const torch::Tensor& x, const RotaryTable& table);

// x * weight^T + bias (which may be undefined). x: [num_rows, in]; weight:
// [out, in]; returns [num_rows, out]. A bf16 or fp16 weight beside fp32 rows is
// widened on the way (kernels/wide_linear.h).
torch::Tensor apply_linear(const torch::Tensor& x,
                           const torch::Tensor& weight,
                           const torch::Tensor& bias = {});

// silu(gate) * up.
torch::Tensor swiglu(const torch::Tensor& gate, const torch::Tensor& up);

// x * sigmoid(1.702 x).
torch::Tensor quick_gelu(const torch::Tensor& x);

}  // namespace ume
