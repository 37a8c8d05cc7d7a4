#include "data/records/annotated_pairs.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <vector>

#include "common/error/error.h"
#include "tests/support/scratch_folder.h"

using namespace ume;
using Json = nlohmann::json;

namespace {

const std::string kExample = "tests/fixtures/spec_examples/sft_train.json";

Json good_record() {
  return Json::parse(R"({"dataset_name": "toy",
    "qry": {"image": "a.png", "conversations": [
      {"from": "human", "value": "<image>\nq"},
      {"from": "gpt", "value": "<think>t</think><answer>x<gen_emb>"}]},
    "pos": {"conversations": [
      {"from": "human", "value": "p"}, {"from": "gpt", "value": "y"}]}})");
}

std::vector<AnnotatedPair> read_all(const std::filesystem::path& path,
                                    const std::string& media_root = ".") {
  const AnnotatedPairFile file(path, media_root);
  std::vector<AnnotatedPair> pairs;
  for (size_t i = 0; i < file.size(); ++i) pairs.push_back(file.at(i));
  return pairs;
}

// The message of the refusal of a .jsonl whose second line is `record`.
std::string refusal(const Json& record) {
  const ScratchFolder folder;
  const auto file = folder.write(
      "a.jsonl", good_record().dump() + "\n" + record.dump() + "\n");
  try {
    read_all(file);
  } catch (const InvalidInput& error) {
    return error.what();
  }
  return "accepted";
}

std::string refused_file(const std::string& name, const std::string& content) {
  const ScratchFolder folder;
  try {
    read_all(folder.write(name, content));
  } catch (const InvalidInput& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("AnnotatedPairFile: the published example, every field") {
  const auto pairs = read_all(kExample, "images");
  REQUIRE(pairs.size() == 3);
  CHECK(pairs[0].source == "toy_vqa");
  CHECK(pairs[0].query.images ==
        std::vector<MediaRef>{{"images", "images/toy/kites_0001.jpg", ""}});
  CHECK(pairs[0].target.images ==
        std::vector<MediaRef>{{"images", "images/blank.jpg", ""}});
  REQUIRE(pairs[0].query.turns.size() == 2);
  CHECK(pairs[0].query.turns[0].role == "user");
  CHECK_THAT(pairs[0].query.turns[0].text,
             Catch::StartsWith("<image>\nRepresent the given image"));
  CHECK(pairs[0].query.turns[1].role == "assistant");
  CHECK_THAT(pairs[0].query.turns[1].text,
             Catch::EndsWith("<answer>three red kites<gen_emb>"));
  CHECK(pairs[2].target.images.empty());
  REQUIRE(pairs[2].target.frames.size() == 4);
  CHECK(pairs[2].target.frames[3].path == "llavahound/toy/clip42/f13.jpg");
}

TEST_CASE("AnnotatedPairFile: any record in any order") {
  const auto pairs = read_all(kExample);
  const AnnotatedPairFile file(kExample);
  REQUIRE(file.size() == 3);
  for (const size_t i : {2u, 0u, 1u}) CHECK(file.at(i) == pairs[i]);
  CHECK(file.where(0) == kExample + ", line 2");
}

TEST_CASE("AnnotatedPairFile: a .json list and .jsonl lines read alike") {
  const ScratchFolder folder;
  // Strings with the characters that structure is made of.
  Json tricky = good_record();
  tricky["pos"]["conversations"][0]["value"] = "], } \" \\\" , [ {\\";
  const std::string a = good_record().dump();
  const std::string b = tricky.dump();
  const auto lines =
      read_all(folder.write("a.jsonl", "\n" + a + "\r\n  \n" + b));
  const auto list =
      read_all(folder.write("a.json", " [" + a + " ,\n" + b + "]\n"));
  const auto pretty = read_all(
      folder.write("b.json", Json::array({good_record(), tricky}).dump(2)));
  REQUIRE(lines.size() == 2);
  CHECK(lines[1].target.turns[0].text == "], } \" \\\" , [ {\\");
  CHECK(lines == list);
  CHECK(lines == pretty);
  CHECK(read_all(folder.write("c.json", " [ ] ")).empty());
  CHECK(read_all(folder.write("c.jsonl", "\n\n")).empty());
}

TEST_CASE("AnnotatedPairFile: a record larger than the read buffer is whole") {
  const ScratchFolder folder;
  Json record = good_record();
  record["pos"]["conversations"][1]["value"] = std::string(3 << 20, 'x');
  const std::string one = record.dump();
  const AnnotatedPairFile file(
      folder.write("a.json", "[" + one + "," + one + "]"));
  REQUIRE(file.size() == 2);
  CHECK(file.at(1).target.turns[1].text.size() == 3 << 20);
}

TEST_CASE("AnnotatedPairFile: turns before the first human one are dropped") {
  const ScratchFolder folder;
  Json record = good_record();
  auto& turns = record["pos"]["conversations"];
  turns.insert(turns.begin(), Json{{"from", "gpt"}, {"value", "early"}});
  const auto pairs = read_all(folder.write("a.jsonl", record.dump()));
  REQUIRE(pairs[0].target.turns.size() == 2);
  CHECK(pairs[0].target.turns[0] == Turn{"user", "p"});
}

TEST_CASE("AnnotatedPairFile: names line and field of what is wrong") {
  const auto changed = [](const std::string& pointer, const Json& value) {
    Json record = good_record();
    record[Json::json_pointer(pointer)] = value;
    return refusal(record);
  };
  const auto without = [](const char* side, const char* field) {
    Json record = good_record();
    record[side].erase(field);
    return refusal(record);
  };
  CHECK_THAT(refusal(Json::array()),
             Catch::Contains("a.jsonl, line 2: expected an object"));
  CHECK_THAT(changed("/qry", 3),
             Catch::Contains("line 2: qry: expected an object, found 3"));
  CHECK_THAT(changed("/dataset_name", 3),
             Catch::Contains("line 2: dataset_name: expected a text, found 3"));
  CHECK_THAT(changed("/qry/image", 3),
             Catch::Contains("qry.image: expected a path or a list of paths"));
  CHECK_THAT(changed("/qry/image", Json::array({"a", 3})),
             Catch::Contains("qry.image: expected texts, found 3"));
  CHECK_THAT(changed("/qry/image", Json::array({"a", ""})),
             Catch::Contains("qry.image: a path is empty"));
  CHECK_THAT(changed("/qry/video", Json::array({"f"})),
             Catch::Contains("qry.video: a side has either"));
  CHECK_THAT(changed("/qry/image", ""),
             Catch::Contains("qry.conversations: 1 <image> in the human turns "
                             "for 0 in 'image'"));
  CHECK_THAT(changed("/pos/video", "frame.png"),
             Catch::Contains("pos.conversations: 0 <video>"));
  CHECK_THAT(without("pos", "conversations"),
             Catch::Contains("pos.conversations: missing"));
  CHECK_THAT(changed("/pos/conversations", "x"),
             Catch::Contains("pos.conversations: expected a list"));
  CHECK_THAT(changed("/pos/conversations", Json::array()),
             Catch::Contains("pos.conversations: no turn is from 'human'"));
  CHECK_THAT(changed("/pos/conversations/0/from", "system"),
             Catch::Contains("pos.conversations[0].from: expected \"human\" or "
                             "\"gpt\", found \"system\""));
  CHECK_THAT(changed("/pos/conversations/1/value", nullptr),
             Catch::Contains("pos.conversations[1].value: expected a text"));
  CHECK_THAT(changed("/pos/conversations/1", 1),
             Catch::Contains("pos.conversations[1]: expected an object"));
}

TEST_CASE("AnnotatedPairFile: names the line of what is not JSON") {
  const std::string good = good_record().dump();
  CHECK_THAT(refused_file("a.jsonl", good + "\n{\"qry\": \n"),
             Catch::Contains("line 2: not valid JSON"));
  CHECK_THAT(refused_file("a.json", "[" + good + ",\n{\"a\" 1}]"),
             Catch::Contains("line 2: not valid JSON"));
  CHECK_THAT(refused_file("a.json", good),
             Catch::Contains("line 1: expected a list of records"));
  CHECK_THAT(refused_file("a.json", "[" + good),
             Catch::Contains("the list is not closed"));
  CHECK_THAT(refused_file("a.json", ""),
             Catch::Contains("the list is not closed"));
  CHECK_THAT(refused_file("a.json", "[" + good + ",]"),
             Catch::Contains("expected a record"));
  CHECK_THAT(refused_file("a.json", "[,]"),
             Catch::Contains("expected a record"));
  CHECK_THAT(refused_file("a.json", "[}"), Catch::Contains("'}' without"));
  CHECK_THAT(refused_file("a.json", "[]\n x"),
             Catch::Contains("line 2: text after the end of the list"));
  CHECK_THAT(refused_file("a.jsonl", "{\"a\": \"\xFF\"}"),
             Catch::Contains("line 1: not valid JSON"));
  CHECK_THAT(refused_file("a.jsonl", std::string(1000, '[')),
             Catch::Contains("nested deeper than"));
  CHECK_THAT(refused_file("a.jsonl", std::string((16 << 20) + 1, 'x')),
             Catch::Contains("line 1: the record that begins in line 1 has"));
  CHECK_THAT(refused_file("a.csv", "x"),
             Catch::Contains("expected a .json or .jsonl file"));
  CHECK_THROWS_WITH(read_all("tests/none.json"),
                    Catch::Contains("tests/none.json: no such file"));
}
