#pragma once

#include "kernels/torch.h"

namespace ume {

// x * weight^T + bias, in fp32 with a weight stored as bf16 or fp16: it is
// widened on the way, in pieces that stay in cache, so that a model takes the
// memory of its file. Each product and sum is fp32: the result is that of the
// widened weight up to the order of summation. For inference: no gradient.
//
// x: [num_rows, in], fp32. weight: [out, in], bf16 or fp16, contiguous.
// bias: [out], fp32, or undefined. All on the CPU. Returns [num_rows, out],
// fp32. Wrong types and shapes are ours: UME_CHECK.
torch::Tensor wide_linear(const torch::Tensor& x,
                          const torch::Tensor& weight,
                          const torch::Tensor& bias);

}  // namespace ume
