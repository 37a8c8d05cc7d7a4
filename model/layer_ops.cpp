#include "model/layer_ops.h"

#include "kernels/wide_linear.h"

namespace ume {

torch::Tensor rms_norm(const torch::Tensor& x,
                       const torch::Tensor& weight,
                       double eps) {
  const auto wide = x.to(torch::kFloat32);
  const auto scale = torch::rsqrt(wide.square().mean(-1, true) + eps);
  return weight * (wide * scale).to(x.scalar_type());
}

torch::Tensor rotate_heads(const torch::Tensor& x, const RotaryTable& table) {
  const int64_t half = x.size(2) / 2;
  const auto wide = x.to(table.cos.scalar_type());
  const auto first = wide.narrow(2, 0, half);
  const auto second = wide.narrow(2, half, half);
  const auto cos = table.cos.unsqueeze(1);
  const auto sin = table.sin.unsqueeze(1);
  return torch::cat({first * cos - second * sin, second * cos + first * sin}, 2)
      .to(x.scalar_type());
}

torch::Tensor apply_linear(const torch::Tensor& x,
                           const torch::Tensor& weight,
                           const torch::Tensor& bias) {
  if (x.scalar_type() == weight.scalar_type()) {
    return torch::linear(x, weight, bias);
  }
  return wide_linear(x, weight, bias);
}

torch::Tensor swiglu(const torch::Tensor& gate, const torch::Tensor& up) {
  return torch::silu(gate) * up;
}

torch::Tensor quick_gelu(const torch::Tensor& x) {
  return x * torch::sigmoid(1.702 * x);
}

}  // namespace ume
