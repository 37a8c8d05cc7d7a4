#include "data/records/pair_list.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "common/error/error.h"
#include "tests/support/scratch_folder.h"

using namespace ume;
using Json = nlohmann::json;

namespace {

// A file of n pairs whose query texts are 0 .. n-1.
std::string pairs_jsonl(int n) {
  std::string text;
  for (int i = 0; i < n; ++i) {
    text +=
        Json{{"qry_text", std::to_string(i)}, {"pos_text", "p"}}.dump() + "\n";
  }
  return text;
}

std::vector<int> numbers(const std::vector<PairRecord>& pairs) {
  std::vector<int> out;
  for (const auto& pair : pairs) out.push_back(std::stoi(pair.query.text));
  return out;
}

std::vector<int> sample(const std::string& strategy, uint64_t seed = 0) {
  const ScratchFolder folder;
  folder.write("sub/a.jsonl", pairs_jsonl(11));
  const auto list = folder.write("list.yaml",
                                 "datasets:\n  - json_path: sub/a.jsonl\n"
                                 "    sampling_strategy: " +
                                     strategy + "\n");
  return numbers(read_pair_list(list, {seed, "."}));
}

std::string refused_list(const std::string& yaml) {
  const ScratchFolder folder;
  folder.write("a.jsonl", pairs_jsonl(2));
  try {
    read_pair_list(folder.write("l.yaml", yaml));
  } catch (const InvalidInput& error) {
    return error.what();
  }
  return "accepted";
}

std::string refused_record(const Json& record) {
  const ScratchFolder folder;
  try {
    read_pair_list(folder.write("a.jsonl", record.dump()));
  } catch (const InvalidInput& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("read_pair_list: the published example, every field") {
  const auto pairs =
      read_pair_list("tests/fixtures/spec_examples/rl_train.json", {0, "toy"});
  REQUIRE(pairs.size() == 5);
  CHECK(pairs[0].position == 0);
  CHECK(pairs[0].source == "toy_vqa");
  CHECK_THAT(pairs[0].query.text, Catch::EndsWith("red kites are in the sky?"));
  CHECK(pairs[0].query.images ==
        std::vector<MediaRef>{{"toy", "images/toy/kites_0001.jpg", ""}});
  CHECK(pairs[0].query.frames.empty());
  CHECK(pairs[0].target.text == "three");
  CHECK(pairs[0].target.images.empty());
  CHECK(pairs[0].target.frames.empty());
  CHECK(pairs[3].position == 3);
  CHECK(pairs[3].query.images.empty());
  CHECK(pairs[3].query.frames.size() == 4);
  CHECK(pairs[3].query.fps == 2.0);
}

TEST_CASE("read_pair_list: a picture wins over a video beside it") {
  const ScratchFolder folder;
  const Json record = {{"qry_text", "q"},
                       {"qry_image", "a.png"},
                       {"qry_video", {"f.png"}},
                       {"pos_text", "p"}};
  const auto pairs =
      read_pair_list(folder.write("a.json", Json::array({record}).dump()));
  CHECK(pairs[0].query.images.size() == 1);
  CHECK(pairs[0].query.frames.empty());
}

TEST_CASE("read_pair_list: files are joined in order and positions go on") {
  const ScratchFolder folder;
  folder.write("a.jsonl", pairs_jsonl(2));
  folder.write("b.jsonl", pairs_jsonl(3));
  const auto pairs = read_pair_list(folder.write(
      "l.yml", "datasets:\n- {json_path: b.jsonl}\n- {json_path: a.jsonl}\n"));
  CHECK(numbers(pairs) == std::vector<int>{0, 1, 2, 0, 1});
  CHECK(pairs[4].position == 4);
}

TEST_CASE("read_pair_list: first, last or random records as the list asks") {
  const std::vector<int> all = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  CHECK(sample("all") == all);
  CHECK(sample("first:3") == std::vector<int>{0, 1, 2});
  CHECK(sample("first:99") == all);
  CHECK(sample("end:2") == std::vector<int>{9, 10});
  // 10 % of 11 is 1.1, rounded up.
  CHECK(sample("end:10%") == std::vector<int>{9, 10});
  CHECK(sample("first:0%").empty());
  CHECK(sample("first:100%") == all);
  auto drawn = sample("random:11", 7);
  CHECK(drawn != all);
  CHECK(drawn == sample("random:11", 7));
  CHECK(drawn != sample("random:11", 8));
  auto few = sample("random:4", 7);
  CHECK(std::equal(few.begin(), few.end(), drawn.begin()));
  std::sort(drawn.begin(), drawn.end());
  CHECK(drawn == all);
}

TEST_CASE("read_pair_list: a list that is wrong is refused by line and key") {
  for (const std::string strategy :
       {"firs:3", "first", "\"first:\"", "first:x", "first:-1", "first:101%",
        "all:3", "random:1.5", "first:99999999999999999999", "[a]"}) {
    INFO(strategy);
    CHECK_THAT(refused_list("datasets:\n - json_path: a.jsonl\n"
                            "   sampling_strategy: " +
                            strategy),
               Catch::Contains("line 2: datasets[0].sampling_strategy"));
  }
  CHECK_THAT(refused_list("datasets:\n - json_path: a.jsonl\n   weight: 3"),
             Catch::Contains("unknown key 'weight'; known are json_path"));
  CHECK_THAT(refused_list("datasets:\n - sampling_strategy: all"),
             Catch::Contains("datasets[0].json_path: expected a path"));
  CHECK_THAT(refused_list("datasets:\n - a.jsonl"),
             Catch::Contains("expected a mapping"));
  CHECK_THAT(refused_list("datasets: 3"), Catch::Contains("'datasets'"));
  CHECK_THAT(refused_list("datasets: []"), Catch::Contains("empty"));
  CHECK_THAT(refused_list("data: []"), Catch::Contains("'datasets'"));
  CHECK_THAT(refused_list(""), Catch::Contains("'datasets'"));
  CHECK_THAT(refused_list("datasets: [\n\n{"), Catch::Contains("l.yaml, line"));
  CHECK_THAT(refused_list("datasets:\n - json_path: none.json"),
             Catch::Contains("none.json: no such file"));
  CHECK_THAT(refused_list(std::string(100000, '[')), Catch::Contains("l.yaml"));
}

TEST_CASE("read_pair_list: names line and field of a wrong record") {
  CHECK_THAT(refused_record({{"pos_text", "p"}}),
             Catch::Contains("a.jsonl, line 1: qry_text: missing"));
  CHECK_THAT(refused_record({{"qry_text", "q"}, {"pos_text", 1}}),
             Catch::Contains("line 1: pos_text: expected a text, found 1"));
  CHECK_THAT(
      refused_record(
          {{"qry_text", "q"}, {"pos_text", "p"}, {"pos_video", {"f", 1}}}),
      Catch::Contains("line 1: pos_video: expected texts, found 1"));
  CHECK_THAT(refused_record({{"qry_text", "q"},
                             {"pos_text", "p"},
                             {"qry_image", Json::object()}}),
             Catch::Contains("qry_image: expected a path or a list"));
  CHECK_THAT(refused_record("text"), Catch::Contains("expected an object"));
}
