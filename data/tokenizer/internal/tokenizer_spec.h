#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "data/tokenizer/internal/merge_table.h"

namespace ume {

// A token that is found in the text as it stands, beside the vocabulary.
struct AddedToken {
  int64_t id = 0;
  std::string content;
  bool special = false;     // a control token
  bool normalized = false;  // looked for after normalization, not before
};

// What a tokenizer.json says, checked.
struct TokenizerSpec {
  bool nfc = false;                 // normalizer NFC, or none
  std::vector<std::string> tokens;  // bytes by id; empty where there is none
  std::array<uint32_t, 256> byte_ids{};
  std::vector<Merge> merges;
  std::vector<AddedToken> added;
};

// Reads the `tokenizers` library's format as far as byte-level BPE of the
// Qwen2 family needs it. Throws InvalidInput that names `file` and the field
// for everything else: what is not understood is refused, never ignored
// (`truncation` and `padding` excepted: each caller's own affair).
TokenizerSpec parse_tokenizer_json(std::string_view text,
                                   const std::string& file);

}  // namespace ume
