#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "common/types/sampling.h"
#include "common/types/trajectory.h"

namespace ume {

struct SampledToken {
  int64_t id = 0;
  // Natural log of the FULL softmax at temperature 1, whatever the filter was
  // and whatever was forbidden: the behaviour log-probability.
  float logprob = 0.0f;
};

// Next-token distribution after temperature, top-k (ties with the k-th value
// are kept) and top-p (the smallest ascending probabilities whose sum is
// <= 1 - top_p are removed, at least one kept), in this order.
//
// logits: [vocab]. Returns [vocab], zeros where filtered, sum 1.
// Temperature 0 puts everything on the largest logit (lowest id among equals).
// Throws InvalidInput if a logit is NaN or all are -inf.
std::vector<double> filtered_distribution(std::span<const float> logits,
                                          const SamplingParams& params);

// Draws one token: inverse of the cumulative distribution in id order at
// `uniform` in [0, 1). `forbidden` ids (input-only tokens such as picture pads)
// are never drawn.
SampledToken sample_token(std::span<const float> logits,
                          const SamplingParams& params,
                          std::span<const int64_t> forbidden,
                          double uniform);

// Why a completion of these ids is finished; nothing while it is not. Its last
// token alone decides: the first of `end_tokens` ends it and is part of it.
std::optional<FinishReason> finish_of(std::span<const int64_t> ids,
                                      std::span<const int64_t> end_tokens,
                                      const SamplingParams& params);

}  // namespace ume
