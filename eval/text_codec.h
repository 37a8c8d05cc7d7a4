#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "common/types/prepared_prompt.h"
#include "common/types/record.h"
#include "data/prepare/preparer.h"
#include "model/config/model_config.h"
#include "rollout/sampler.h"

namespace ume {

// Text and pictures in, token ids out and back: one tokenizer, one template,
// one model's special ids. Thread-safe.
class TextCodec {
 public:
  // options.model_folder holds the tokenizer and the preprocessor's
  // configuration of the model with this config. Throws InvalidInput when they
  // and the model disagree.
  TextCodec(const PreparerOptions& options, const ModelConfig& config);

  PreparedPrompt prepare(const PromptRecord& record) const {
    return preparer_.prepare(record);
  }
  PreparedExample prepare_example(const AnnotatedSide& side) const {
    return preparer_.prepare_example(side);
  }
  const PromptPreparer& preparer() const { return preparer_; }
  // Control tokens removed; `<gen_emb>` and `<disc_emb>` stay, as the format
  // reward needs.
  std::string decode(std::span<const int64_t> ids) const;
  const SamplerTokens& sampler_tokens() const { return tokens_; }

 private:
  PromptPreparer preparer_;
  SamplerTokens tokens_;
};

}  // namespace ume
