#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>

namespace ume {

// A model's two embedding tokens, and the tokenizer files that name them.
struct EmbeddingTokens {
  int64_t gen_emb = 0;
  int64_t disc_emb = 0;
  // Already part of the tokenizer: nothing is to be changed.
  bool were_there = false;
  // Rows that the new tokens' input embeddings start from: <|object_ref_end|>
  // for <gen_emb>, <|object_ref_start|> for <disc_emb>. Source: the published
  // recipe.
  int64_t gen_donor = 0;
  int64_t disc_donor = 0;
  // New content by file name (tokenizer.json and, where the folder has them,
  // tokenizer_config.json and added_tokens.json); empty if were_there.
  std::map<std::string, std::string> files;
};

// Adds <gen_emb> and <disc_emb>, in this order, behind a tokenizer's last id,
// as ordinary tokens (found in normalised text, kept when special tokens are
// skipped). num_rows: of the model's embedding table. Throws InvalidInput when
// only one of them is there, when their ids do not follow each other, when a
// donor is missing, when the table has no row for them or when a file has not
// the form that it should; IoError when one cannot be read.
EmbeddingTokens add_embedding_tokens(const std::filesystem::path& model_folder,
                                     int64_t num_rows);

// The content of one of those files, called `name`, with the tokens added.
// `file` stands for it in messages. Throws InvalidInput naming the field when
// its form is another.
std::string with_embedding_tokens(std::string_view text,
                                  const std::string& name,
                                  const std::string& file,
                                  const EmbeddingTokens& tokens);

}  // namespace ume
