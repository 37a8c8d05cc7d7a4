// What Tokenizer accepts and refuses, and texts built to be slow.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <string>

#include "common/error/error.h"
#include "data/tokenizer/internal/split.h"
#include "data/tokenizer/tokenizer.h"

using namespace ume;
using Json = nlohmann::json;

namespace {

// The byte-level alphabet: GPT-2's character for each byte, as UTF-8.
std::string byte_char(int byte) {
  const bool printable =
      (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte != 0xAD);
  int code = byte;
  if (!printable) {
    code = 0x100;
    for (int b = 0; b < byte; ++b) {
      if (!((b >= 0x21 && b <= 0x7E) || (b >= 0xA1 && b != 0xAD))) ++code;
    }
  }
  if (code < 0x80) return std::string(1, static_cast<char>(code));
  return {static_cast<char>(0xC0 | (code >> 6)),
          static_cast<char>(0x80 | (code & 0x3F))};
}

// 256 bytes, "ab" (256), "aba" (257), and the control token <x> (258).
Json small_tokenizer() {
  Json root = Json::parse(R"({
    "version": "1.0", "truncation": null, "padding": null,
    "added_tokens": [
      {"id": 258, "content": "<x>", "single_word": false, "lstrip": false,
       "rstrip": false, "normalized": false, "special": true},
      {"id": 259, "content": "<xy>", "single_word": false, "lstrip": false,
       "rstrip": false, "normalized": true, "special": false}],
    "normalizer": {"type": "NFC"},
    "pre_tokenizer": {"type": "Sequence", "pretokenizers": [
      {"type": "Split", "pattern": {"Regex": ""}, "behavior": "Isolated",
       "invert": false},
      {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": false,
       "use_regex": false}]},
    "post_processor": null,
    "decoder": {"type": "ByteLevel"},
    "model": {"type": "BPE", "dropout": null, "unk_token": null,
      "continuing_subword_prefix": "", "end_of_word_suffix": "",
      "fuse_unk": false, "byte_fallback": false, "vocab": {},
      "merges": ["a b", ["ab", "a"]]}})");
  root["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] =
      std::string(kQwen2Pattern);
  Json& vocab = root["model"]["vocab"];
  for (int byte = 0; byte < 256; ++byte) vocab[byte_char(byte)] = byte;
  vocab["ab"] = 256;
  vocab["aba"] = 257;
  return root;
}

const Tokenizer& full_tokenizer() {
  static const Tokenizer tokenizer =
      Tokenizer::load("tests/fixtures/parity/tokenizer");
  return tokenizer;
}

Tokenizer load(const Json& root) {
  return Tokenizer::from_json(root.dump(), "tokenizer.json");
}

// The message of the refusal of `root` after `change`.
std::string refusal(const std::function<void(Json&)>& change) {
  Json root = small_tokenizer();
  change(root);
  try {
    load(root);
  } catch (const InvalidInput& error) {
    return error.what();
  }
  return "accepted";
}

using Ids = std::vector<int64_t>;

}  // namespace

TEST_CASE("Tokenizer: merges by rank, the leftmost pair first") {
  const Tokenizer tokenizer = load(small_tokenizer());
  // abab: rank 0 twice gives ab ab; (ab, a) is no longer there.
  CHECK(tokenizer.encode("abab") == Ids{256, 256});
  CHECK(tokenizer.encode("abac") == Ids{257, 'c'});
  CHECK(tokenizer.encode("aab") == Ids{'a', 256});
}

TEST_CASE("Tokenizer: a long word gets the tokens of its short twin") {
  const Tokenizer tokenizer = load(small_tokenizer());
  std::string text;
  Ids expected;
  for (int i = 0; i < 100; ++i) {
    text += "abac";
    expected.insert(expected.end(), {257, 'c'});
  }
  CHECK(tokenizer.encode(text) == expected);
}

TEST_CASE("Tokenizer: long and short words are merged alike") {
  // The full vocabulary, words of 65 to 96 letters against a plain reference:
  // the pair of the lowest rank, leftmost, again and again.
  const Tokenizer& tokenizer = full_tokenizer();
  std::ifstream file("tests/fixtures/parity/tokenizer/tokenizer.json");
  const Json root = Json::parse(file);
  std::map<std::string, size_t> ranks;
  for (const auto& merge : root["model"]["merges"]) {
    ranks.emplace(merge.get<std::string>(), ranks.size());
  }
  uint64_t state = 1;
  for (int round = 0; round < 40; ++round) {
    std::vector<std::string> parts;
    std::string word;
    for (int i = 0; i < 65 + round % 32; ++i) {
      state = state * 6364136223846793005ull + 1442695040888963407ull;
      parts.emplace_back(1, "etaoinshrdlucmf"[(state >> 33) % 15]);
      word += parts.back();
    }
    while (true) {
      size_t best = ranks.size();
      size_t at = 0;
      for (size_t i = 0; i + 1 < parts.size(); ++i) {
        const auto it = ranks.find(parts[i] + " " + parts[i + 1]);
        if (it != ranks.end() && it->second < best) {
          best = it->second;
          at = i;
        }
      }
      if (best == ranks.size()) break;
      parts[at] += parts[at + 1];
      parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(at) + 1);
    }
    Ids expected;
    for (const auto& part : parts) {
      expected.push_back(root["model"]["vocab"][part].get<int64_t>());
    }
    CHECK(tokenizer.encode(word) == expected);
  }
}

TEST_CASE("Tokenizer: a long run of anything is encoded in linear time") {
  // With a quadratic step each of these would take many minutes.
  const Tokenizer& tokenizer = full_tokenizer();
  const std::string piece = GENERATE(
      as<std::string>(), "a", " ", "\n", "1", "!", "'", "🙂", "汉",
      "\xCC\x96\xCC\x81", " \n", "<", "<|im_end|", "\xFF", "a\xCC\x81", "'s");
  std::string text;
  while (text.size() < (1u << 20)) text += piece;
  const auto ids = tokenizer.encode(text);
  CHECK_FALSE(ids.empty());
  if (piece == "a\xCC\x81") {
    CHECK(tokenizer.decode(ids, false).substr(0, 4) == "áá");
  } else if (piece == "\xFF") {
    CHECK(tokenizer.decode(ids, false).size() == text.size() * 3);
  } else if (piece != "\xCC\x96\xCC\x81") {
    CHECK(tokenizer.decode(ids, false) == text);
  }
}

TEST_CASE("Tokenizer: control tokens count as text where that is asked for") {
  const Tokenizer tokenizer = load(small_tokenizer());
  CHECK(tokenizer.encode("ab<x>") == Ids{256, 258});
  CHECK(tokenizer.encode("ab<x>", ControlTokens::kAsText) ==
        Ids{256, '<', 'x', '>'});
  // Ordinary added tokens are found either way.
  CHECK(tokenizer.encode("<xy>", ControlTokens::kAsText) == Ids{259});
}

TEST_CASE("Tokenizer: ill-formed UTF-8 is encoded as U+FFFD") {
  const Tokenizer tokenizer = load(small_tokenizer());
  CHECK(tokenizer.encode("a\xE2\x82") == Ids{'a', 0xEF, 0xBF, 0xBD});
}

TEST_CASE("Tokenizer: ids without a token decode to nothing") {
  const Tokenizer tokenizer = load(small_tokenizer());
  const Ids ids = {'a', -1, 260, 151936, 'b'};
  CHECK(tokenizer.decode(ids, false) == "ab");
}

TEST_CASE("Tokenizer: a required token that is missing is named") {
  const Tokenizer tokenizer = load(small_tokenizer());
  CHECK(tokenizer.required_token_id("<x>") == 258);
  CHECK_THROWS_WITH(tokenizer.required_token_id("<gen_emb>"),
                    "tokenizer.json: no token '<gen_emb>'");
}

TEST_CASE("Tokenizer: refuses components of other families by name") {
  CHECK_THAT(refusal([](Json& r) { r["normalizer"]["type"] = "Lowercase"; }),
             Catch::Contains("tokenizer.json: normalizer: 'Lowercase'"));
  CHECK_THAT(refusal([](Json& r) { r["pre_tokenizer"]["type"] = "Digits"; }),
             Catch::Contains("pre_tokenizer: 'Digits'"));
  CHECK_THAT(
      refusal([](Json& r) {
        r["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = "\\w+";
      }),
      Catch::Contains("pretokenizers[0].pattern") && Catch::Contains("\\w+"));
  CHECK_THAT(refusal([](Json& r) {
               r["pre_tokenizer"]["pretokenizers"][1]["use_regex"] = true;
             }),
             Catch::Contains("pretokenizers[1]"));
  CHECK_THAT(refusal([](Json& r) {
               r["pre_tokenizer"]["pretokenizers"][0]["behavior"] = "Removed";
             }),
             Catch::Contains("\"Removed\" is not supported"));
  CHECK_THAT(refusal([](Json& r) {
               r["post_processor"] = {{"type", "TemplateProcessing"}};
             }),
             Catch::Contains("post_processor: 'TemplateProcessing'"));
  CHECK_THAT(refusal([](Json& r) { r["decoder"]["type"] = "WordPiece"; }),
             Catch::Contains("decoder: 'WordPiece'"));
  CHECK_THAT(refusal([](Json& r) { r["model"]["type"] = "Unigram"; }),
             Catch::Contains("model.type: \"Unigram\""));
  CHECK_THAT(refusal([](Json& r) { r["model"]["dropout"] = 0.1; }),
             Catch::Contains("model.dropout"));
  CHECK_THAT(refusal([](Json& r) { r["model"]["byte_fallback"] = true; }),
             Catch::Contains("model.byte_fallback"));
  CHECK_THAT(refusal([](Json& r) { r["added_tokens"][0]["lstrip"] = true; }),
             Catch::Contains("added_tokens[0].lstrip"));
}

TEST_CASE("Tokenizer: refuses inconsistent vocabularies, naming the field") {
  CHECK_THAT(refusal([](Json& r) { r["model"]["vocab"].erase("Ġ"); }),
             Catch::Contains("model.vocab: no token for byte 32"));
  CHECK_THAT(refusal([](Json& r) { r["model"]["vocab"]["ab"] = 7; }),
             Catch::Contains("id 7 is taken"));
  CHECK_THAT(refusal([](Json& r) { r["model"]["vocab"]["ab"] = -1; }),
             Catch::Contains("model.vocab[\"ab\"]: expected an id"));
  CHECK_THAT(refusal([](Json& r) {
               r["model"]["vocab"]["ab"] = 18446744073709551615u;
             }),
             Catch::Contains("model.vocab[\"ab\"]: expected an id"));
  CHECK_THAT(refusal([](Json& r) { r["model"]["vocab"]["漢"] = 300; }),
             Catch::Contains("byte-level alphabet"));
  CHECK_THAT(refusal([](Json& r) { r["model"]["vocab"][""] = 300; }),
             Catch::Contains("expected 1 to"));
  CHECK_THAT(refusal([](Json& r) { r["model"]["merges"][0] = "a q q"; }),
             Catch::Contains("model.merges[0]"));
  CHECK_THAT(refusal([](Json& r) { r["model"]["merges"][0] = "b a"; }),
             Catch::Contains("model.merges[0]: its result is not in"));
  CHECK_THAT(refusal([](Json& r) {
               r["model"]["merges"][1] = {1, 2};
             }),
             Catch::Contains("model.merges[1]"));
  CHECK_THAT(refusal([](Json& r) { r["model"]["merges"][1] = "ab zz"; }),
             Catch::Contains("\"zz\" is not in model.vocab"));
  CHECK_THAT(refusal([](Json& r) { r["added_tokens"][0]["id"] = 7; }),
             Catch::Contains("added_tokens[0].id: id 7 is taken"));
  CHECK_THAT(refusal([](Json& r) { r["added_tokens"][0]["content"] = ""; }),
             Catch::Contains("added_tokens[0].content"));
  CHECK_THAT(refusal([](Json& r) { r["added_tokens"][1]["content"] = "<x>"; }),
             Catch::Contains("added_tokens[1].content: \"<x>\" occurs twice"));
  CHECK_THAT(refusal([](Json& r) { r["added_tokens"][0].erase("special"); }),
             Catch::Contains("added_tokens[0].special"));
  CHECK_THAT(refusal([](Json& r) { r.erase("model"); }),
             Catch::Contains("model: expected an object, found null"));
}

TEST_CASE("Tokenizer: a small file cannot ask for a large table of ids") {
  Json root = small_tokenizer();
  root["model"]["vocab"]["zz"] = 65'000;
  CHECK(load(root).vocab_size() == 65'001);
  CHECK_THAT(refusal([](Json& r) { r["model"]["vocab"]["zz"] = 4'194'303; }),
             Catch::Contains("model.vocab[\"zz\"]: id 4194303 leaves more"));
  CHECK_THAT(refusal([](Json& r) { r["added_tokens"][1]["id"] = 70'000; }),
             Catch::Contains("added_tokens[1].id: id 70000 leaves more"));
}

TEST_CASE("Tokenizer: many added tokens are read in linear time") {
  Json root = small_tokenizer();
  Json token = root["added_tokens"][0];
  // Of equal length, so that each comparison would cost its text.
  for (int i = 0; i < 60'000; ++i) {
    token["id"] = 300 + i;
    token["content"] = std::string(200, 'a') + std::to_string(100'000 + i);
    root["added_tokens"].push_back(token);
  }
  CHECK(load(root).vocab_size() == 60'300);
}

TEST_CASE("Tokenizer: refuses what is not JSON or not there") {
  const auto refuse = [](const std::string& text) {
    CHECK_THROWS_AS(Tokenizer::from_json(text, "t"), InvalidInput);
  };
  refuse("");
  refuse("[]");
  refuse("{\"model\": ");
  refuse("\xFF\xFE{}");
  refuse(std::string(1 << 20, '['));
  CHECK_THROWS_WITH(Tokenizer::load("tests/fixtures/parity/no_such"),
                    Catch::Contains("no_such/tokenizer.json: cannot open: No "
                                    "such file"));
  CHECK_THROWS_AS(Tokenizer::load("tests/fixtures/parity"), IoError);
}

TEST_CASE("Tokenizer: every truncation of a tokenizer.json is refused") {
  const std::string text = small_tokenizer().dump();
  for (size_t size = 0; size < text.size(); size += 7) {
    CHECK_THROWS_AS(Tokenizer::from_json(text.substr(0, size), "t"),
                    InvalidInput);
  }
}
