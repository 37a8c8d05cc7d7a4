#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ume {

// What a control token's text (added with special: true, as <|im_end|> is)
// means when it occurs in the text to encode. Tokens added as ordinary ones
// (<gen_emb>, <disc_emb>) are found either way.
enum class ControlTokens : uint8_t {
  kRecognise,  // it is the token
  kAsText,     // it is text like any other
};

// Byte-level BPE of the Qwen2 family, from a Hugging Face tokenizer.json.
// Equal to the `tokenizers` library token by token. Immutable: one object
// serves all threads; copies share the tables.
class Tokenizer {
 public:
  // Reads model_folder/tokenizer.json (at most 32 MiB). Throws InvalidInput,
  // naming file and field, for what is malformed or not of this family; IoError
  // when it cannot be read.
  static Tokenizer load(const std::filesystem::path& model_folder);
  // The same from the file's content; `name` stands for it in messages.
  static Tokenizer from_json(std::string_view json, const std::string& name);

  // text: UTF-8; each maximal invalid prefix counts as U+FFFD. No token is
  // added before or after. Time is O(n log n) whatever the text. Throws
  // InvalidInput above 256 MiB.
  std::vector<int64_t> encode(
      std::string_view text,
      ControlTokens control = ControlTokens::kRecognise) const;

  // Always valid UTF-8: U+FFFD for each maximal invalid prefix of the joined
  // bytes. Ids that have no token (a model's spare rows) give nothing.
  // skip_special: leave out control tokens; <gen_emb> is not one.
  std::string decode(std::span<const int64_t> ids, bool skip_special) const;

  // The bytes of one token, which may be a part of a character; empty where
  // the id has no token.
  std::string_view token_bytes(int64_t id) const;
  // The id of the added token with this text, or else of the vocabulary entry
  // with these bytes.
  std::optional<int64_t> token_id(std::string_view text) const;
  // The same for a token that must be there: InvalidInput names it and file.
  int64_t required_token_id(std::string_view text) const;

  bool is_special(int64_t id) const;  // a control token
  // Largest id + 1. Models may have more rows.
  int64_t vocab_size() const;

 private:
  struct Tables;
  explicit Tokenizer(std::shared_ptr<const Tables> tables)
      : tables_(std::move(tables)) {}

  std::shared_ptr<const Tables> tables_;
};

}  // namespace ume
