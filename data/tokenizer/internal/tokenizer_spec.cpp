#include "data/tokenizer/internal/tokenizer_spec.h"

#include <nlohmann/json.hpp>
#include <unordered_map>
#include <unordered_set>

#include "common/error/error.h"
#include "common/tensorfile/bounded_json.h"
#include "common/text/utf8.h"
#include "data/internal/json_file.h"
#include "data/tokenizer/internal/split.h"

namespace ume {
namespace {

using Json = nlohmann::json;

constexpr int64_t kMaxId = (1 << 22) - 1;  // 27 times Qwen2's
// Ids without a token: each costs memory that the file does not pay for.
constexpr size_t kMaxUnusedIds = 65536;
constexpr size_t kMaxTokenBytes = 4096;  // Qwen2's longest has 256
constexpr size_t kMaxAddedTokens = 65536;
constexpr size_t kMaxAddedBytes = 256;

// Reads one file; `field` arguments are paths inside it, for messages.
class SpecReader {
 public:
  explicit SpecReader(const std::string& file) : file_(file) {}

  TokenizerSpec read(const Json& root) {
    expect_object(root, "the file");
    read_normalizer(member(root, "normalizer"));
    check_pre_tokenizer(member(root, "pre_tokenizer"));
    check_byte_level(member(root, "post_processor"), "post_processor", true);
    check_byte_level(member(root, "decoder"), "decoder", false);
    const Json& model = member(root, "model");
    expect_object(model, "model");
    check_model_options(model);
    const Json& added = member(root, "added_tokens");
    max_tokens_ = member(model, "vocab").size() + added.size() + kMaxUnusedIds;
    read_vocab(member(model, "vocab"));
    read_merges(member(model, "merges"));
    read_added_tokens(added);
    return std::move(spec_);
  }

 private:
  [[noreturn]] void fail(const std::string& field,
                         const std::string& what) const {
    throw InvalidInput(file_ + ": " + field + ": " + what);
  }

  // A missing member reads as null.
  static const Json& member(const Json& object, const char* name) {
    static const Json null;
    const auto it = object.find(name);
    return it == object.end() ? null : *it;
  }

  void expect_object(const Json& value, const std::string& field) const {
    if (!value.is_object()) {
      fail(field, "expected an object, found " + quote_json(value));
    }
  }

  std::string type_of(const Json& value, const std::string& field) const {
    expect_object(value, field);
    const Json& type = member(value, "type");
    if (!type.is_string()) {
      fail(field + ".type", "expected a name, found " + quote_json(type));
    }
    return type.get<std::string>();
  }

  void read_normalizer(const Json& value) {
    if (value.is_null()) return;
    const std::string type = type_of(value, "normalizer");
    if (type != "NFC") {
      fail("normalizer", "'" + type + "' is not supported; NFC or none is");
    }
    spec_.nfc = true;
  }

  void check_pre_tokenizer(const Json& value) const {
    const std::string field = "pre_tokenizer";
    const std::string type = type_of(value, field);
    if (type != "Sequence") {
      fail(field, "'" + type +
                      "' is not supported; a Sequence of Split and "
                      "ByteLevel is");
    }
    const Json& steps = member(value, "pretokenizers");
    if (!steps.is_array() || steps.size() != 2) {
      fail(field + ".pretokenizers",
           "expected a list of two (Split, ByteLevel)");
    }
    check_split(steps[0], field + ".pretokenizers[0]");
    check_byte_level(steps[1], field + ".pretokenizers[1]", false);
    if (member(steps[1], "add_prefix_space") != false ||
        member(steps[1], "use_regex") != false) {
      fail(field + ".pretokenizers[1]",
           "ByteLevel is supported with add_prefix_space and use_regex false");
    }
  }

  void check_split(const Json& value, const std::string& field) const {
    const std::string type = type_of(value, field);
    if (type != "Split") {
      fail(field, "'" + type + "' is not supported; Split is");
    }
    const Json& pattern = member(value, "pattern");
    if (!pattern.is_object() ||
        member(pattern, "Regex") != std::string(kQwen2Pattern)) {
      fail(field + ".pattern",
           "only the pattern of Qwen2 is supported, found " +
               quote_json(member(pattern.is_object() ? pattern : Json::object(),
                                 "Regex")));
    }
    if (member(value, "behavior") != "Isolated") {
      fail(field + ".behavior", quote_json(member(value, "behavior")) +
                                    " is not supported; Isolated is");
    }
    if (!member(value, "invert").is_null() &&
        member(value, "invert") != false) {
      fail(field + ".invert", "true is not supported");
    }
  }

  void check_byte_level(const Json& value,
                        const std::string& field,
                        bool may_be_null) const {
    if (may_be_null && value.is_null()) return;
    const std::string type = type_of(value, field);
    if (type != "ByteLevel") {
      fail(field, "'" + type + "' is not supported; ByteLevel is");
    }
  }

  void check_model_options(const Json& model) const {
    if (member(model, "type") != "BPE") {
      fail("model.type",
           quote_json(member(model, "type")) + " is not supported; BPE is");
    }
    for (const char* name : {"dropout", "unk_token"}) {
      if (!member(model, name).is_null()) {
        fail(std::string("model.") + name,
             quote_json(member(model, name)) + " is not supported; null is");
      }
    }
    for (const char* name :
         {"continuing_subword_prefix", "end_of_word_suffix"}) {
      const Json& value = member(model, name);
      if (!value.is_null() && value != "") {
        fail(std::string("model.") + name,
             quote_json(value) + " is not supported; \"\" is");
      }
    }
    for (const char* name : {"byte_fallback", "ignore_merges"}) {
      const Json& value = member(model, name);
      if (!value.is_null() && value != false) {
        fail(std::string("model.") + name,
             quote_json(value) + " is not supported; false is");
      }
    }
  }

  int64_t read_id(const Json& value, const std::string& field) const {
    const bool fits = value.is_number_integer() &&
                      (!value.is_number_unsigned() ||
                       value.get<uint64_t>() <= static_cast<uint64_t>(kMaxId));
    if (!fits || value.get<int64_t>() < 0) {
      fail(field, "expected an id from 0 to " + std::to_string(kMaxId) +
                      ", found " + quote_json(value));
    }
    return value.get<int64_t>();
  }

  void put_token(int64_t id, std::string bytes, const std::string& field) {
    const auto index = static_cast<size_t>(id);
    if (index >= max_tokens_) {
      fail(field, "id " + std::to_string(id) + " leaves more than " +
                      std::to_string(kMaxUnusedIds) + " ids without a token");
    }
    if (spec_.tokens.size() <= index) spec_.tokens.resize(index + 1);
    if (!spec_.tokens[index].empty()) {
      fail(field, "id " + std::to_string(id) + " is taken by another token");
    }
    spec_.tokens[index] = std::move(bytes);
  }

  void read_vocab(const Json& vocab) {
    expect_object(vocab, "model.vocab");
    ids_.reserve(vocab.size());
    for (const auto& [key, value] : vocab.items()) {
      const std::string field = "model.vocab[" + quote_json(key) + "]";
      const int64_t id = read_id(value, field);
      std::string bytes = token_bytes(key, field);
      ids_.emplace(bytes, static_cast<uint32_t>(id));
      put_token(id, std::move(bytes), field);
    }
    for (int byte = 0; byte < 256; ++byte) {
      const auto it = ids_.find(std::string(1, static_cast<char>(byte)));
      if (it == ids_.end()) {
        fail("model.vocab", "no token for byte " + std::to_string(byte));
      }
      spec_.byte_ids[static_cast<size_t>(byte)] = it->second;
    }
  }

  // The bytes that a vocabulary entry stands for.
  std::string token_bytes(std::string_view key,
                          const std::string& field) const {
    std::string bytes;
    for (size_t i = 0; i < key.size();) {
      const Utf8Char c = next_utf8(key, i);
      i += c.size;
      const int byte = byte_of(c.code_point);
      if (byte < 0) fail(field, "not written in the byte-level alphabet");
      bytes += static_cast<char>(byte);
    }
    if (bytes.empty() || bytes.size() > kMaxTokenBytes) {
      fail(field, "expected 1 to " + std::to_string(kMaxTokenBytes) +
                      " bytes, found " + std::to_string(bytes.size()));
    }
    return bytes;
  }

  // GPT-2's alphabet: printable Latin-1 stands for itself, the other 68 bytes
  // for U+0100 and on, in order. -1: no byte.
  static int byte_of(uint32_t code_point) {
    static const auto table = [] {
      std::array<int, 0x144> bytes;
      bytes.fill(-1);
      size_t next = 0x100;
      for (int b = 0; b < 256; ++b) {
        const bool printable =
            (b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b != 0xAD);
        bytes[printable ? static_cast<size_t>(b) : next++] = b;
      }
      return bytes;
    }();
    return code_point < table.size() ? table[code_point] : -1;
  }

  uint32_t part_id(std::string_view part, const std::string& field) const {
    const auto it = ids_.find(token_bytes(part, field));
    if (it == ids_.end()) {
      fail(field, quote_json(std::string(part)) + " is not in model.vocab");
    }
    return it->second;
  }

  void read_merges(const Json& merges) {
    if (!merges.is_array() || merges.size() > static_cast<size_t>(kMaxId)) {
      fail("model.merges",
           "expected a list of at most " + std::to_string(kMaxId) + " merges");
    }
    spec_.merges.reserve(merges.size());
    for (size_t i = 0; i < merges.size(); ++i) {
      const std::string field = "model.merges[" + std::to_string(i) + "]";
      const auto [left, right] = merge_parts(merges[i], field);
      Merge merge;
      merge.left = part_id(left, field);
      merge.right = part_id(right, field);
      const auto it =
          ids_.find(spec_.tokens[merge.left] + spec_.tokens[merge.right]);
      if (it == ids_.end()) {
        fail(field, "its result is not in model.vocab");
      }
      merge.result = it->second;
      spec_.merges.push_back(merge);
    }
  }

  // Both forms are in use: "left right" and ["left", "right"].
  std::pair<std::string, std::string> merge_parts(
      const Json& merge, const std::string& field) const {
    if (merge.is_string()) {
      const auto& text = merge.get_ref<const std::string&>();
      const size_t blank = text.find(' ');
      if (blank != std::string::npos &&
          text.find(' ', blank + 1) == std::string::npos) {
        return {text.substr(0, blank), text.substr(blank + 1)};
      }
    } else if (merge.is_array() && merge.size() == 2 && merge[0].is_string() &&
               merge[1].is_string()) {
      return {merge[0].get<std::string>(), merge[1].get<std::string>()};
    }
    fail(field, "expected \"left right\" or [\"left\", \"right\"], found " +
                    quote_json(merge));
  }

  void read_added_tokens(const Json& list) {
    if (list.is_null()) return;
    if (!list.is_array() || list.size() > kMaxAddedTokens) {
      fail("added_tokens", "expected a list of at most " +
                               std::to_string(kMaxAddedTokens) + " tokens");
    }
    for (size_t i = 0; i < list.size(); ++i) {
      const std::string field = "added_tokens[" + std::to_string(i) + "]";
      expect_object(list[i], field);
      read_added_token(list[i], field);
    }
  }

  bool read_flag(const Json& object,
                 const char* name,
                 const std::string& field) const {
    const Json& value = member(object, name);
    if (!value.is_boolean()) {
      fail(field + "." + name,
           "expected true or false, found " + quote_json(value));
    }
    return value.get<bool>();
  }

  void read_added_token(const Json& entry, const std::string& field) {
    AddedToken token;
    token.id = read_id(member(entry, "id"), field + ".id");
    const Json& content = member(entry, "content");
    if (!content.is_string() || content == "" ||
        content.get_ref<const std::string&>().size() > kMaxAddedBytes) {
      fail(field + ".content", "expected a text of 1 to " +
                                   std::to_string(kMaxAddedBytes) +
                                   " bytes, found " + quote_json(content));
    }
    token.content = content.get<std::string>();
    for (const char* name : {"single_word", "lstrip", "rstrip"}) {
      if (read_flag(entry, name, field)) {
        fail(field + "." + name, "true is not supported");
      }
    }
    token.special = read_flag(entry, "special", field);
    token.normalized = read_flag(entry, "normalized", field);
    if (!added_texts_.insert(token.content).second) {
      fail(field + ".content", quote_json(content) + " occurs twice");
    }
    // The vocabulary may hold the same token under the same id.
    const auto index = static_cast<size_t>(token.id);
    if (index >= spec_.tokens.size() || spec_.tokens[index] != token.content) {
      put_token(token.id, token.content, field + ".id");
    }
    spec_.added.push_back(std::move(token));
  }

  std::string file_;
  TokenizerSpec spec_;
  size_t max_tokens_ = 0;
  std::unordered_map<std::string, uint32_t> ids_;  // by bytes, model.vocab's
  std::unordered_set<std::string> added_texts_;
};

}  // namespace

TokenizerSpec parse_tokenizer_json(std::string_view text,
                                   const std::string& file) {
  return SpecReader(file).read(parse_json(text, file));
}

}  // namespace ume
