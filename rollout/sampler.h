#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "common/types/prepared_prompt.h"
#include "common/types/sampling.h"
#include "common/types/trajectory.h"
#include "model/qwen2_vl.h"

namespace ume {

// The ids that sampling must know, of one tokenizer and model.
struct SamplerTokens {
  int64_t gen_emb = -1;
  int64_t disc_emb = -1;
  std::vector<int64_t> end;  // a completion ends after one of these
  // Input-only ids (picture and video pads, vision markers, rows of the head
  // beyond the tokenizer's vocabulary): never drawn.
  std::vector<int64_t> forbidden;
};

// One prompt and the random streams of the completions wanted for it.
struct SampleJob {
  const PreparedPrompt* prompt = nullptr;  // borrowed
  std::vector<SampleKey> keys;             // one per completion
};

struct SampledCompletion {
  std::vector<int64_t> ids;     // end token included
  std::vector<float> logprobs;  // [ids.size()], full softmax
  FinishReason finish = FinishReason::kLength;
  // State after feeding the last `<gen_emb>`, unit length. Without one in the
  // completion: the prompt's own (source kPrompt), or empty (kNone).
  std::vector<float> gen_embedding;
  EmbeddingSource embedding_source = EmbeddingSource::kNone;
  int32_t redraws = 0;  // completions thrown away before this one
};

struct SampledGroup {
  std::vector<SampledCompletion> completions;  // in the order of the keys
  // State at the prompt's last `<disc_emb>`, unit length; empty without one.
  std::vector<float> disc_embedding;
};

// Samples completions with a KV cache; each prompt (and its pictures) is
// computed once, whatever the number of its completions. Finished rows leave
// the batch. A completion without its own `<gen_emb>` is drawn anew, up to
// params.max_redraws times, from a stream of its own; the last one stays. A
// pure function of weights, jobs and parameters. Thread-compatible.
class Sampler {
 public:
  // The model is borrowed. Throws InvalidInput when an id is beyond its
  // vocabulary.
  Sampler(const Qwen2VL& model, SamplerTokens tokens);

  // Throws InvalidInput when logits are not finite (broken weights).
  std::vector<SampledGroup> sample(std::span<const SampleJob> jobs,
                                   const SamplingParams& params) const;

 private:
  // Draws what has no embedding of its own; false when there is nothing.
  bool redraw(std::span<const SampleJob> jobs,
              const SamplingParams& params,
              int32_t number,
              std::vector<SampledGroup>& groups) const;

  const Qwen2VL& model_;
  SamplerTokens tokens_;
};

}  // namespace ume
