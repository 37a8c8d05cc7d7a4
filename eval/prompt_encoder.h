#pragma once

#include <functional>
#include <span>
#include <vector>

#include "common/types/record.h"
#include "eval/tasks/encoded_prompts.h"
#include "eval/text_codec.h"
#include "model/qwen2_vl.h"

namespace ume {

struct EncodeOptions {
  bool generate = true;      // false: discriminative only, no decoding
  int64_t samples = 0;       // sampled answers beside the greedy one
  double temperature = 1.0;  // of the samples
  int64_t top_k = 0;
  double top_p = 1.0;
  int64_t max_new_tokens = 2048;
  int64_t batch_tokens = 4096;  // prompt tokens computed together
  uint64_t seed = 0;            // of the samples
};

// One prompt to encode. `index` names its random streams, so that an answer
// does not depend on what else is encoded.
struct EncodeJob {
  const PreparedPrompt* prompt = nullptr;  // borrowed
  uint64_t index = 0;
  bool with_samples = false;
};

// Prompts to embeddings: the discriminative one from the prompt alone, the
// generative ones from greedy and sampled answers. Thread-compatible.
class PromptEncoder {
 public:
  // All borrowed.
  PromptEncoder(const Qwen2VL& model,
                const TextCodec& text,
                EncodeOptions options);

  // done: called after each batch with the number of jobs done so far; may be
  // empty. Returns one result per job, in order.
  std::vector<EncodedPrompt> encode(
      std::span<const EncodeJob> jobs,
      const std::function<void(size_t)>& done = {}) const;

 private:
  void encode_batch(std::span<const EncodeJob> jobs,
                    std::span<EncodedPrompt> results) const;

  const TextCodec& text_;
  EncodeOptions options_;
  Sampler sampler_;
};

}  // namespace ume
