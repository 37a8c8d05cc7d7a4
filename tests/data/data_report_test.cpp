#include "data/records/data_report.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "common/error/error.h"
#include "tests/support/scratch_folder.h"

using namespace ume;
using Json = nlohmann::json;

TEST_CASE("inspect_data: counts what the published SFT example holds") {
  const auto report =
      inspect_data("tests/fixtures/spec_examples/sft_train.json");
  CHECK(report.kind == DataKind::kAnnotatedPairs);
  CHECK(report.num_records == 3);
  CHECK(report.num_bad == 0);
  CHECK(report.sources ==
        std::map<std::string, uint64_t>{
            {"toy_vqa", 1}, {"toy_t2i", 1}, {"toy_video_retrieval", 1}});
  CHECK(report.query.num_with_images == 3);
  CHECK(report.target.num_with_images == 2);
  CHECK(report.target.num_with_video == 1);
  CHECK(report.target.num_frames == 4);
  CHECK(report.query.num_text_only == 0);
  CHECK(report.query.num_well_formed == 3);
  CHECK(report.query.num_with_disc_token == 3);
  // blank.jpg, kites, tram and four frames.
  CHECK(report.num_media_files == 7);
}

TEST_CASE("inspect_data: lengths are counted in characters, part by part") {
  const ScratchFolder folder;
  const auto side = [](const std::string& question, const std::string& answer) {
    return Json{{"conversations",
                 {{{"from", "human"}, {"value", question}},
                  {{"from", "gpt"}, {"value", answer}}}}};
  };
  const Json good = {
      {"qry", side("äö", "<think>\xE6\xBC\xA2z</think> <answer>abc<gen_emb>")},
      {"pos", side("<disc_emb>", "<answer>a<gen_emb>")}};
  const auto report = inspect_data(folder.write("a.jsonl", good.dump()));
  CHECK(report.query.text_characters == 2);
  CHECK(report.query.num_well_formed == 1);
  CHECK(report.query.reasoning_characters == 2);
  CHECK(report.query.summary_characters == 3);
  CHECK(report.query.num_with_disc_token == 0);
  CHECK(report.target.num_well_formed == 0);
  CHECK(report.target.num_with_disc_token == 1);
  CHECK(report.query.num_text_only == 1);
}

TEST_CASE("inspect_data: lists bad records and missing media, and goes on") {
  const ScratchFolder folder;
  folder.write("there.png", "x");
  const auto file = folder.write(
      "a.jsonl",
      "{\"qry_text\": \"a\", \"qry_image\": \"there.png\", \"pos_text\": "
      "\"b\"}\n"
      "{\"qry_text\": \"a\"}\n"
      "{broken\n"
      "{\"qry_text\": \"a\", \"pos_text\": \"b\", \"pos_image\": \"no.png\"}\n"
      "{\"qry_text\": \"a\", \"pos_text\": \"b\", \"pos_image\": \"no.png\"}\n"
      "{\"qry_text\": \"a\", \"pos_text\": \"b\", \"pos_image\": "
      "\"../x.png\"}\n");
  const MediaRoots roots({{".", folder.path()}});
  const auto report = inspect_data(file, {&roots, 2});
  CHECK(report.kind == DataKind::kPairs);
  CHECK(report.num_records == 6);
  CHECK(report.num_bad == 5);
  CHECK(report.num_media_files == 3);
  CHECK(report.num_missing_media == 2);
  CHECK(report.num_problems == 5);
  REQUIRE(report.problems.size() == 2);
  CHECK_THAT(report.problems[0], Catch::Contains("line 2: pos_text: missing"));
  CHECK_THAT(report.problems[1], Catch::Contains("line 3: not valid JSON"));
  const auto json = Json::parse(data_report_json(report));
  CHECK(json["kind"] == "pairs");
  CHECK(json["records"] == 6);
  CHECK(json["num_problems"] == 5);
  CHECK(json["target"]["with_images"] == 3);
}

TEST_CASE("inspect_data: reads all files of a list, whatever its sampling") {
  const ScratchFolder folder;
  const std::string pair = R"({"qry_text": "a", "pos_text": "b"})";
  folder.write("a.jsonl", pair + "\n" + pair);
  folder.write("b.jsonl", pair);
  const auto report = inspect_data(folder.write(
      "l.yaml",
      "datasets: [{json_path: a.jsonl, sampling_strategy: 'first:1'},"
      " {json_path: b.jsonl}]"));
  CHECK(report.num_records == 3);
}

TEST_CASE("inspect_data: prompts, in records and conversations") {
  const ScratchFolder folder;
  const auto report =
      inspect_data(folder.write("p.jsonl",
                                "{\"text\": \"ab\"}\n"
                                "{\"images\": [\"a.png\"]}\n"
                                "{\"messages\": [{\"role\": \"user\", "
                                "\"content\": [{\"type\": \"video\", "
                                "\"video\": [\"f1\", \"f2\"]}, {\"type\": "
                                "\"text\", \"text\": \"c\"}]}]}"));
  CHECK(report.kind == DataKind::kPrompts);
  CHECK(report.query.num_text_only == 1);
  CHECK(report.query.num_with_images == 1);
  CHECK(report.query.num_with_video == 1);
  CHECK(report.query.num_frames == 2);
  CHECK(report.query.text_characters == 3);
  CHECK_FALSE(Json::parse(data_report_json(report)).contains("target"));
}

TEST_CASE("inspect_data: refuses what is no data file") {
  const ScratchFolder folder;
  CHECK_THROWS_WITH(inspect_data(folder.write("a.jsonl", "{\"x\": 1}")),
                    Catch::Contains("line 1: unknown kind of record"));
  CHECK_THROWS_WITH(inspect_data(folder.write("b.jsonl", "{")),
                    Catch::Contains("line 1: not valid JSON"));
  CHECK_THROWS_WITH(inspect_data(folder.write("c.json", "[]")),
                    Catch::Contains("c.json: no records"));
  CHECK_THROWS_AS(inspect_data(folder / "none.json"), InvalidInput);
}
