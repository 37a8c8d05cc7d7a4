#pragma once

#include <cstdint>

#include "kernels/torch.h"

namespace ume {

// log softmax(hidden weight^T)[target] for each row, with gradients to both.
// hidden: [n, h]; weight: [vocab, h]; targets: [n] int64. Returns [n], fp32.
// Works on chunks of at most `chunk_elements` logits; backward forms each
// chunk's gradient anew from the kept log-sum-exp.
torch::Tensor token_logprobs(const torch::Tensor& hidden,
                             const torch::Tensor& weight,
                             const torch::Tensor& targets,
                             int64_t chunk_elements = 1 << 22);

}  // namespace ume
