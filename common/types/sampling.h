#pragma once

#include <cstdint>

namespace ume {

// How completions are drawn. Log-probabilities are always of the full softmax
// at temperature 1, whatever the filter.
struct SamplingParams {
  double temperature = 1.0;  // 0: greedy
  int32_t top_k = 0;         // 0: off
  double top_p = 1.0;        // 1: off
  int32_t max_new_tokens = 2048;
  bool ignore_eos = false;
  // How often a completion without its own `<gen_emb>` is drawn anew
  // (`missing_embedding: resample`); 0: never.
  int32_t max_redraws = 0;
  bool operator==(const SamplingParams&) const = default;
};

// Names one stream of random numbers: draws are a counter-based function of
// these and the token position, never of the worker or the attempt.
struct SampleKey {
  uint64_t run_seed = 0;
  uint64_t dispatch_index = 0;  // epoch * data-set size + position
  uint32_t side = 0;
  uint32_t sample = 0;
  uint32_t redraw = 0;  // 0: the first completion drawn
  bool operator==(const SampleKey&) const = default;
};

}  // namespace ume
