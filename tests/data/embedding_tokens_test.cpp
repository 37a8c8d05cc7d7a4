#include "data/tokenizer/embedding_tokens.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "common/error/error.h"
#include "data/tokenizer/tokenizer.h"
#include "tests/support/scratch_folder.h"

using namespace ume;
using Json = nlohmann::json;

namespace {

const std::string kFixture = "tests/fixtures/parity/model_a_qwen2vl_tied";
constexpr int64_t kRows = 2048;  // of the fixture's embedding

Json read_json(const std::string& path) {
  std::ifstream file(path);
  return Json::parse(file);
}

void write_json(const std::filesystem::path& path, const Json& value) {
  std::ofstream(path) << value.dump();
}

// The fixture's tokenizer as it was before its two tokens were added.
void write_unprepared(const ScratchFolder& folder) {
  for (const char* name : {"tokenizer.json", "tokenizer_config.json"}) {
    Json root = read_json(kFixture + "/" + name);
    if (root.contains("added_tokens")) {
      auto& tokens = root["added_tokens"];
      tokens.erase(tokens.end() - 2, tokens.end());
    }
    if (root.contains("added_tokens_decoder")) {
      root["added_tokens_decoder"].erase("1995");
      root["added_tokens_decoder"].erase("1996");
    }
    write_json(folder / name, root);
  }
  write_json(folder / "added_tokens.json", {{"<|im_end|>", 1983}});
}

std::string refusal(const std::filesystem::path& folder, int64_t rows) {
  try {
    add_embedding_tokens(folder, rows);
  } catch (const InvalidInput& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE(
    "add_embedding_tokens: gives the files that the published recipe has") {
  const ScratchFolder folder;
  write_unprepared(folder);
  const EmbeddingTokens tokens = add_embedding_tokens(folder.path(), kRows);
  CHECK_FALSE(tokens.were_there);
  CHECK(tokens.gen_emb == 1995);
  CHECK(tokens.disc_emb == 1996);
  CHECK(tokens.gen_donor == 1985);   // <|object_ref_end|>
  CHECK(tokens.disc_donor == 1984);  // <|object_ref_start|>
  REQUIRE(tokens.files.size() == 3);
  CHECK(Json::parse(tokens.files.at("tokenizer.json")) ==
        read_json(kFixture + "/tokenizer.json"));
  CHECK(Json::parse(tokens.files.at("added_tokens.json")) ==
        Json{{"<|im_end|>", 1983}, {"<gen_emb>", 1995}, {"<disc_emb>", 1996}});
  const Json config = Json::parse(tokens.files.at("tokenizer_config.json"));
  CHECK(config["added_tokens_decoder"]["1995"]["content"] == "<gen_emb>");
  CHECK(config["added_tokens_decoder"]["1996"]["special"] == false);
  const auto tokenizer =
      Tokenizer::from_json(tokens.files.at("tokenizer.json"), "new");
  CHECK(tokenizer.encode("<gen_emb><disc_emb>") ==
        std::vector<int64_t>{1995, 1996});
}

TEST_CASE("add_embedding_tokens: changes nothing where the tokens are there") {
  const EmbeddingTokens tokens = add_embedding_tokens(kFixture, kRows);
  CHECK(tokens.were_there);
  CHECK(tokens.gen_emb == 1995);
  CHECK(tokens.disc_emb == 1996);
  CHECK(tokens.files.empty());
}

TEST_CASE("add_embedding_tokens: refuses what would not be the published ids") {
  const ScratchFolder folder;
  write_unprepared(folder);
  CHECK_THAT(refusal(folder.path(), 1996),
             Catch::Contains("the model has only 1996 rows"));
  CHECK(refusal(folder.path(), 1997) == "accepted");

  Json root = read_json(kFixture + "/tokenizer.json");
  const Json gen = root["added_tokens"][14];
  Json& disc = root["added_tokens"][15];
  REQUIRE(disc["content"] == "<disc_emb>");
  disc["id"] = 1999;
  write_json(folder / "tokenizer.json", root);
  CHECK_THAT(refusal(folder.path(), kRows),
             Catch::Contains("<disc_emb> token 1999, expected 1996"));

  root["added_tokens"].erase(15);
  write_json(folder / "tokenizer.json", root);
  CHECK_THAT(refusal(folder.path(), kRows),
             Catch::Contains("has <gen_emb> but not <disc_emb>"));

  root["added_tokens"].erase(14);
  root["added_tokens"].erase(4);  // <|object_ref_end|>
  write_json(folder / "tokenizer.json", root);
  CHECK_THAT(refusal(folder.path(), kRows),
             Catch::Contains("no token '<|object_ref_end|>'"));
}

TEST_CASE("add_embedding_tokens: refuses files of another form by the field") {
  const ScratchFolder folder;
  write_unprepared(folder);
  Json config = read_json(folder / "tokenizer_config.json");
  for (const Json& value : {Json::array(), Json(5), Json("text"), Json(true)}) {
    CAPTURE(value);
    config["added_tokens_decoder"] = value;
    write_json(folder / "tokenizer_config.json", config);
    CHECK_THAT(refusal(folder.path(), kRows),
               Catch::Contains("tokenizer_config.json: added_tokens_decoder: "
                               "expected an object, found "));
  }
  config["added_tokens_decoder"] = nullptr;
  write_json(folder / "tokenizer_config.json", config);
  CHECK(refusal(folder.path(), kRows) == "accepted");
  write_json(folder / "added_tokens.json", Json::array());
  CHECK_THAT(refusal(folder.path(), kRows),
             Catch::Contains("added_tokens.json: expected an object"));
}
