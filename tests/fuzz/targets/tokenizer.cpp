#include "data/tokenizer/tokenizer.h"

#include <nlohmann/json.hpp>

#include "common/text/utf8.h"
#include "data/tokenizer/internal/split.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/target_functions.h"

namespace ume::fuzz {
namespace {

// The byte-level alphabet as vocabulary entries: "!":33,…
std::string byte_entries() {
  std::string text;
  int next = 0x100;
  for (int byte = 0; byte < 256; ++byte) {
    const bool printable = (byte >= 0x21 && byte <= 0x7e) ||
                           (byte >= 0xa1 && byte <= 0xff && byte != 0xad);
    const int code_point = printable ? byte : next++;
    std::string character;
    if (code_point < 0x80) {
      character += static_cast<char>(code_point);
    } else {
      character += static_cast<char>(0xc0 | code_point >> 6);
      character += static_cast<char>(0x80 | (code_point & 0x3f));
    }
    text += nlohmann::json(character).dump() + ":" + std::to_string(byte) + ",";
  }
  text.pop_back();
  return text;
}

// Every file of this family holds 256 entries and one pattern. A byte 1 or 2,
// which no JSON text holds, stands for them, so that inputs stay short.
std::string expanded(std::string_view input) {
  static const std::string entries = byte_entries();
  static const std::string pattern =
      nlohmann::json(std::string(kQwen2Pattern)).dump();
  std::string text;
  int num_expanded = 0;
  for (const char c : input) {
    if ((c == 1 || c == 2) && num_expanded < 4) {
      text += c == 1 ? entries : pattern;
      ++num_expanded;
    } else {
      text += c;
    }
  }
  return text;
}

void check_round_trip(const Tokenizer& tokenizer, std::string_view text) {
  const std::string once = tokenizer.decode(tokenizer.encode(text), false);
  UME_CHECK(is_valid_utf8(once), "decoded text is not UTF-8");
  const auto ids = tokenizer.encode(once);
  UME_CHECK(tokenizer.decode(ids, false) == once, "decoding changes text");
  for (const int64_t id : ids) {
    UME_CHECK(id >= 0 && id < tokenizer.vocab_size(), "id out of range");
  }
}

}  // namespace

void tokenizer_json(Bytes input) {
  const std::string text = expanded(as_text(input));
  accepts([&] {
    const Tokenizer tokenizer = Tokenizer::from_json(text, "input");
    // A tokenizer from outside may join tokens as it likes; nothing but its
    // bounds can be promised.
    const auto ids = tokenizer.encode(
        "ab  a\u00e4\u0308 <|im_end|>\n9" +
        std::string(as_text(input.first(std::min<size_t>(16, input.size())))));
    for (const int64_t id : ids) {
      UME_CHECK(id >= 0 && id < tokenizer.vocab_size(), "id out of range");
    }
    UME_CHECK(is_valid_utf8(tokenizer.decode(ids, true)), "not UTF-8");
  });
}

void tokenizer_text(Bytes input) {
  static const Tokenizer tokenizer =
      Tokenizer::load("tests/fixtures/parity/model_a_qwen2vl_tied");
  check_round_trip(tokenizer, as_text(input));
  tokenizer.encode(as_text(input), ControlTokens::kAsText);
}

}  // namespace ume::fuzz
