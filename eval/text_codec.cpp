#include "eval/text_codec.h"

#include <string>

#include "common/error/error.h"

namespace ume {
namespace {

// A completion ends at <|im_end|> or <|endoftext|>. What only a prompt may
// hold, and rows of the head that no token names, are never drawn.
SamplerTokens find_tokens(const Tokenizer& tokenizer,
                          const ModelConfig& config) {
  SamplerTokens tokens;
  tokens.gen_emb = tokenizer.required_token_id("<gen_emb>");
  tokens.disc_emb = tokenizer.required_token_id("<disc_emb>");
  for (const char* name : {"<|im_end|>", "<|endoftext|>"}) {
    if (const auto id = tokenizer.token_id(name)) tokens.end.push_back(*id);
  }
  for (const int64_t id :
       {config.tokens.vision_start, config.tokens.vision_end,
        config.tokens.vision, config.tokens.image, config.tokens.video}) {
    if (id >= 0 && id < config.vocab_size) tokens.forbidden.push_back(id);
  }
  for (int64_t id = tokenizer.vocab_size(); id < config.vocab_size; ++id) {
    tokens.forbidden.push_back(id);
  }
  return tokens;
}

// Other patches than the model's would be refused picture by picture, as if
// the pictures were to blame.
void check_patches(const PreprocessorConfig& preprocessor,
                   const VisionConfig& vision,
                   const std::filesystem::path& folder) {
  const auto same = [&](const char* field, int64_t found, int64_t expected) {
    if (found == expected) return;
    throw InvalidInput((folder / "preprocessor_config.json").string() + ": " +
                       field + ": expected " + std::to_string(expected) +
                       " as in " + (folder / "config.json").string() +
                       ", found " + std::to_string(found));
  };
  same("patch_size", preprocessor.patch_size, vision.patch_size);
  same("merge_size", preprocessor.merge_size, vision.merge_size);
  same("temporal_patch_size", preprocessor.temporal_patch_size,
       vision.temporal_patch_size);
  if (vision.in_channels != 3) {
    throw InvalidInput((folder / "config.json").string() +
                       ": vision_config.in_channels: expected 3 (pictures are "
                       "red, green and blue), found " +
                       std::to_string(vision.in_channels));
  }
}

}  // namespace

TextCodec::TextCodec(const PreparerOptions& options, const ModelConfig& config)
    : preparer_(options), tokens_(find_tokens(preparer_.tokenizer(), config)) {
  const int64_t vocab = preparer_.tokenizer().vocab_size();
  if (vocab > config.vocab_size) {
    throw InvalidInput(options.model_folder.string() + ": the tokenizer has " +
                       std::to_string(vocab) + " ids, the model " +
                       std::to_string(config.vocab_size) + " rows");
  }
  check_patches(preparer_.preprocessor(), config.vision, options.model_folder);
}

std::string TextCodec::decode(std::span<const int64_t> ids) const {
  return preparer_.tokenizer().decode(ids, /*skip_special=*/true);
}

}  // namespace ume
