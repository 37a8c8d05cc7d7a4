// Equality with the reference recordings of tests/fixtures/parity/tokenizer.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "data/tokenizer/tokenizer.h"

using namespace ume;

namespace {

const std::string kFolder = "tests/fixtures/parity/tokenizer";

const Tokenizer& full_tokenizer() {
  static const Tokenizer tokenizer = Tokenizer::load(kFolder);
  return tokenizer;
}

std::vector<nlohmann::json> read_rows(const std::string& path) {
  std::ifstream file(path);
  REQUIRE(file.good());
  std::vector<nlohmann::json> rows;
  for (std::string line; std::getline(file, line);) {
    rows.push_back(nlohmann::json::parse(line));
  }
  return rows;
}

}  // namespace

TEST_CASE("Tokenizer: encodes every reference text to the reference ids") {
  const auto rows = read_rows(kFolder + "/vectors.jsonl");
  CHECK(rows.size() == 3257);
  for (const auto& row : rows) {
    INFO("row " << row["id"] << ", category " << row["cat"]);
    const auto ids = full_tokenizer().encode(row["text"].get<std::string>());
    CHECK(ids == row["ids"].get<std::vector<int64_t>>());
  }
}

TEST_CASE("Tokenizer: decodes the ids of every reference text, both ways") {
  for (const auto& row : read_rows(kFolder + "/vectors.jsonl")) {
    INFO("row " << row["id"] << ", category " << row["cat"]);
    const auto ids = row["ids"].get<std::vector<int64_t>>();
    const std::string decoded = row.value("decoded", row["text"]);
    CHECK(full_tokenizer().decode(ids, false) == decoded);
    CHECK(full_tokenizer().decode(ids, true) ==
          row.value("decoded_skip", decoded));
  }
}

TEST_CASE("Tokenizer: decodes arbitrary ids to the reference text") {
  const auto rows = read_rows(kFolder + "/decode.jsonl");
  CHECK(rows.size() == 300);
  for (const auto& row : rows) {
    const auto ids = row["ids"].get<std::vector<int64_t>>();
    CHECK(full_tokenizer().decode(ids, false) == row["decoded"]);
    CHECK(full_tokenizer().decode(ids, true) == row["decoded_skip"]);
  }
}

TEST_CASE("Tokenizer: knows the control tokens and their ids") {
  const Tokenizer& tokenizer = full_tokenizer();
  CHECK(tokenizer.vocab_size() == 151659);
  CHECK(tokenizer.token_id("<gen_emb>") == 151657);
  CHECK(tokenizer.token_id("<disc_emb>") == 151658);
  CHECK(tokenizer.required_token_id("<|im_end|>") == 151645);
  CHECK_FALSE(tokenizer.token_id("<|nothing|>").has_value());
  CHECK(tokenizer.is_special(151645));
  CHECK_FALSE(tokenizer.is_special(151657));
  CHECK_FALSE(tokenizer.is_special(-1));
  CHECK_FALSE(tokenizer.is_special(151659));
}

TEST_CASE("Tokenizer: loads the tokenizers of all reference checkpoints") {
  int loaded = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator("tests/fixtures/parity")) {
    if (!std::filesystem::exists(entry.path() / "tokenizer.json")) continue;
    ++loaded;
    INFO(entry.path());
    const Tokenizer tokenizer = Tokenizer::load(entry.path());
    CHECK(tokenizer.token_id("<gen_emb>").has_value());
    const std::string text = "Größe 漢字 🙂\n\n  the end<|im_end|>\n";
    CHECK(tokenizer.decode(tokenizer.encode(text), false) == text);
  }
  CHECK(loaded >= 5);
}
