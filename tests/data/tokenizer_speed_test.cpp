// What makes the tokenizer fast must not change what it says: the cache of
// words, the table of characters, the short cut around NFC.
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "common/text/utf8.h"
#include "data/tokenizer/internal/char_table.h"
#include "data/tokenizer/internal/nfc.h"
#include "data/tokenizer/internal/word_cache.h"
#include "data/tokenizer/tokenizer.h"

using namespace ume;

namespace {

Tokenizer load_full() {
  return Tokenizer::load("tests/fixtures/parity/tokenizer");
}

// Reference texts that end without a special token, with their ids.
struct Row {
  std::string text;
  std::vector<int64_t> ids;
};

std::vector<Row> read_rows() {
  std::ifstream file("tests/fixtures/parity/tokenizer/vectors.jsonl");
  std::vector<Row> rows;
  for (std::string line; std::getline(file, line);) {
    const auto row = nlohmann::json::parse(line);
    rows.push_back({row["text"], row["ids"]});
  }
  return rows;
}

}  // namespace

TEST_CASE("Tokenizer: texts seen before and words pushed out are encoded alike",
          "[tokenizer]") {
  const Tokenizer tokenizer = load_full();
  const auto rows = read_rows();
  for (int round = 0; round < 3; ++round) {
    for (const Row& row : rows) CHECK(tokenizer.encode(row.text) == row.ids);
    // More words than there are places: every place changes hands.
    std::string words;
    for (int i = 0; i < 200'000; ++i) words += " w" + std::to_string(i * 7919);
    CHECK(tokenizer.decode(tokenizer.encode(words), false) == words);
  }
}

TEST_CASE("Tokenizer: threads share one object and its caches") {
  const Tokenizer tokenizer = load_full();
  const auto rows = read_rows();
  std::vector<size_t> wrong(4);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < wrong.size(); ++t) {
    threads.emplace_back([&, t] {
      for (size_t i = t; i < rows.size(); i += 2) {
        if (tokenizer.encode(rows[i].text) != rows[i].ids) ++wrong[t];
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == std::vector<size_t>(4, 0));
}

TEST_CASE("WordCache: finds a word by all of its bytes and nothing else") {
  WordCache cache;
  const std::string text = "abcdefghijklmnopqrstuvwxyz abc";
  const std::vector<int64_t> ids = {1, 151'658, 3};
  for (size_t size = 1; size <= WordCache::kMaxWordBytes; ++size) {
    CAPTURE(size);
    const auto key = WordCache::key(text, 0, size);
    CHECK(cache.find(key).empty());
    cache.put(key, ids);
    const auto found = cache.find(key);
    CHECK(std::vector<int64_t>(found.begin(), found.end()) == ids);
  }
  // At the text's end, where 24 bytes cannot be read at once.
  CHECK(WordCache::key(text, text.size() - 3, 3) == WordCache::key(text, 0, 3));
  CHECK_FALSE(WordCache::key(text, 0, 3) == WordCache::key("abd", 0, 3));
  // A byte of zero is a byte.
  CHECK_FALSE(WordCache::key(std::string("a\0", 2), 0, 2) ==
              WordCache::key("a", 0, 1));
  cache.put(WordCache::key("q", 0, 1),
            std::vector<int64_t>(WordCache::kMaxTokens + 1));
  CHECK(cache.find(WordCache::key("q", 0, 1)).empty());
}

TEST_CASE(
    "CharTable: plain characters are in NFC whatever stands before them") {
  const CharTable& table = CharTable::get();
  // A letter that composes with marks, a syllable that takes a final, and one
  // that is a decomposition's first part in Kaithi.
  const std::string before = GENERATE(as<std::string>(), "e", "가", "𑂙");
  size_t plain = 0;
  size_t wrong = 0;
  for (uint32_t c = 0; c < 0x30000; ++c) {
    if ((c >= 0xD800 && c <= 0xDFFF) || !table.is_plain(c)) continue;
    ++plain;
    std::string text = before;
    append_utf8(text, c);
    if (nfc_by_steps(text) != text) ++wrong;
  }
  CHECK(wrong == 0);
  // No final, though it stands right before them: kept, and so is the rest.
  CHECK(nfc_by_steps("가\u11A7e\u0301") == "가\u11A7é");
  CHECK(plain > 150'000);
  CHECK(table.is_plain(U'漢'));
  CHECK(table.is_plain(U'é'));
  CHECK_FALSE(table.is_plain(0x0301));   // a mark
  CHECK_FALSE(table.is_plain(0x1161));   // a Hangul vowel joins
  CHECK_FALSE(table.is_plain(0x212B));   // the Angstrom sign becomes a letter
  CHECK_FALSE(table.is_plain(0x110BA));  // joins the Kaithi letter
}
