// The fast way to byte-pair encode against the definition.
#include "data/tokenizer/internal/bpe.h"

#include <catch2/catch.hpp>
#include <random>
#include <set>
#include <string>
#include <vector>

using namespace ume;

namespace {

struct Vocabulary {
  std::array<uint32_t, 256> byte_ids{};
  std::vector<std::string> tokens;
  std::vector<Merge> merges;
};

Vocabulary bytes_only() {
  Vocabulary v;
  for (uint32_t b = 0; b < 256; ++b) {
    v.byte_ids[b] = b;
    v.tokens.emplace_back(1, static_cast<char>(b));
  }
  return v;
}

// Merges of random earlier tokens that begin with letters of `alphabet`.
Vocabulary random_vocabulary(std::mt19937& random,
                             const std::string& alphabet,
                             size_t num_merges) {
  Vocabulary v = bytes_only();
  std::vector<uint32_t> parts;
  for (const char c : alphabet) parts.push_back(static_cast<uint8_t>(c));
  std::set<std::string> known(v.tokens.begin(), v.tokens.end());
  for (int tries = 0; v.merges.size() < num_merges && tries < 1000; ++tries) {
    const uint32_t left = parts[random() % parts.size()];
    const uint32_t right = parts[random() % parts.size()];
    const std::string joined = v.tokens[left] + v.tokens[right];
    if (joined.size() > 12 || !known.insert(joined).second) continue;
    const auto id = static_cast<uint32_t>(v.tokens.size());
    v.merges.push_back({left, right, id});
    v.tokens.push_back(joined);
    parts.push_back(id);
  }
  return v;
}

std::string random_word(std::mt19937& random, const std::string& alphabet) {
  std::string word;
  const size_t size = 1 + random() % 40;
  while (word.size() < size) word += alphabet[random() % alphabet.size()];
  return word;
}

std::vector<int64_t> by_definition(const Vocabulary& v,
                                   const std::string& word) {
  std::vector<int64_t> ids;
  MergeQueueEncoder(v.byte_ids, MergeTable(v.merges)).encode(word, ids);
  return ids;
}

}  // namespace

TEST_CASE("LongestMatchEncoder: equals the definition for any vocabulary") {
  std::mt19937 random(7);
  size_t differing = 0;
  for (int round = 0; round < 600; ++round) {
    const std::string alphabet = round % 3 == 0   ? "a"
                                 : round % 3 == 1 ? "ab"
                                                  : "abc";
    const Vocabulary v = random_vocabulary(random, alphabet, 1 + random() % 40);
    const MergeTable merges(v.merges);
    const auto fast = LongestMatchEncoder::make(v.byte_ids, merges, v.tokens);
    REQUIRE(fast.has_value());
    for (int i = 0; i < 60; ++i) {
      const std::string word = random_word(random, alphabet);
      std::vector<int64_t> ids;
      fast->encode(merges, word, ids);
      if (ids != by_definition(v, word)) ++differing;
    }
  }
  CHECK(differing == 0);
}

TEST_CASE(
    "BytePairEncoder: takes the definition where merges are out of order") {
  // "ab" is made after "abc" in rank, yet before it in time.
  Vocabulary late = bytes_only();
  late.tokens.insert(late.tokens.end(), {"ab", "abc"});
  late.merges = {{256, 'c', 257}, {'a', 'b', 256}};
  // "abc" has two merges.
  Vocabulary twice = bytes_only();
  twice.tokens.insert(twice.tokens.end(), {"ab", "bc", "abc"});
  twice.merges = {
      {'a', 'b', 256}, {'b', 'c', 257}, {256, 'c', 258}, {'a', 257, 258}};
  for (const Vocabulary& v : {late, twice}) {
    CHECK_FALSE(
        LongestMatchEncoder::make(v.byte_ids, MergeTable(v.merges), v.tokens));
    std::vector<int64_t> ids;
    BytePairEncoder(v.byte_ids, v.merges, v.tokens).encode("xabcab", ids);
    CHECK(ids == by_definition(v, "xabcab"));
    CHECK(ids ==
          std::vector<int64_t>{'x', v.merges.size() == 2 ? 257 : 258, 256});
    const std::string word(MergeQueueEncoder::kMaxWordBytes + 1, 'x');
    CHECK_THROWS_WITH(
        BytePairEncoder(v.byte_ids, v.merges, v.tokens).encode(word, ids),
        Catch::Contains("a word of 16777217 bytes; at most 16777216"));
  }
}
