#include "reward/offline/offline_scoring.h"

#include <unistd.h>
#include <zstd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "common/error/error.h"
#include "tests/reward/parity_files.h"
#include "tests/reward/reward_fixtures.h"

using namespace ume;
using Catch::Matchers::Contains;
using nlohmann::json;

namespace {

std::vector<TrajectoryRecord> read(const std::string& text) {
  std::istringstream in(text);
  return read_trajectory_records(in, "rollouts.jsonl");
}

// The records of a recorded case, target side first and samples reversed, so
// that order in the file and order in the cohort differ.
std::string as_jsonl(const json& c) {
  const int64_t g = c.at("group_size");
  const int64_t rows = g * c.at("num_groups").get<int64_t>();
  std::string out;
  for (const char* side : {"target", "query"}) {
    for (int64_t row = rows - 1; row >= 0; --row) {
      out += json{{"cohort", "c1"},
                  {"pair", row / g},
                  {"side", side},
                  {"sample", row % g},
                  {"extra", {1, 2}},
                  {"completion", c.at(side).at("texts")[row]},
                  {"gen_embedding", c.at(side).at("embeddings")[row]}}
                 .dump() +
             "\n";
    }
  }
  return out;
}

std::string line(const char* side,
                 int pair,
                 int sample,
                 const std::string& embedding) {
  return R"({"cohort": 1, "pair": )" + std::to_string(pair) + R"(, "side": ")" +
         side + R"(", "sample": )" + std::to_string(sample) +
         R"(, "completion": "<think>a</think><answer>b<gen_emb>", )" +
         R"("gen_embedding": )" + embedding + "}\n";
}

const std::string kPlane =
    line("query", 0, 0, "[1, 0]") + line("query", 1, 0, "[0, 1]") +
    line("target", 0, 0, "[1, 0]") + line("target", 1, 0, "[0, 1]");

}  // namespace

TEST_CASE("offline scoring gives the recorded rewards in the file's order") {
  const RewardPipeline pipeline = make_reward_pipeline({});
  const auto c = read_fixture("parity/reward/reward_cases.json")[1];
  const auto rows = score_records(pipeline, read(as_jsonl(c)));
  const int64_t g = c.at("group_size");
  // Reversed pairs change the columns' order, which no value depends on.
  for (const ScoredRecord& row : rows) {
    const int64_t at = std::stoll(row.pair) * g + row.sample;
    const auto& expected =
        c.at("expected_" + std::string(side_name(row.side))).at("reward");
    CHECK(row.reward.value == Approx(expected[at].get<double>()).margin(1e-5));
  }
  CHECK(rows.front().side == Side::kTarget);
  CHECK(rows.front().sample == g - 1);
}

TEST_CASE("rows are written with numbers, ids as they stood, and reasons") {
  std::string text = kPlane;
  text += line("query", 0, 1, "[null, 1]") + line("query", 1, 1, "[0, 2]");
  text += line("target", 0, 1, "[1, 0, 0]") + line("target", 1, 1, "null");
  const auto rows = score_records(make_reward_pipeline({}), read(text));
  std::ostringstream out;
  write_scored_records(out, rows);
  std::istringstream in(out.str());
  std::vector<json> lines;
  for (std::string l; std::getline(in, l);) lines.push_back(json::parse(l));
  REQUIRE(lines.size() == 8);
  CHECK(lines[0] ==
        json{{"cohort", 1},
             {"pair", 0},
             {"side", "query"},
             {"sample", 0},
             {"reward", 2.0},
             {"components", {{"format", 1.0}, {"ranking_margin", 1.0}}}});
  CHECK_THAT(lines[4]["reward"]["invalid"].get<std::string>(),
             Contains("not finite"));
  CHECK(lines[5]["reward"] == 2.0);
  CHECK_THAT(lines[6]["components"]["ranking_margin"]["invalid"],
             Contains("3 numbers, its cohort's have 2"));
  CHECK(lines[7]["reward"] == 1.0);
}

TEST_CASE("an embedding read at the prompt counts with `prompt` only") {
  json record = json::parse(line("target", 1, 0, "[0, 1]"));
  record["embedding_source"] = "prompt";
  std::string text =
      kPlane.substr(0, kPlane.rfind("{\"cohort\"")) + record.dump();
  RewardConfig config;
  CHECK(
      score_records(make_reward_pipeline(config), read(text))[3].reward.value ==
      1.0);
  config.missing_embedding = "prompt";
  CHECK(
      score_records(make_reward_pipeline(config), read(text))[3].reward.value ==
      2.0);
}

TEST_CASE(
    "the service and `ume reward` agree about embeddings read at the prompt") {
  json record = json::parse(line("target", 1, 0, "[0, 1]"));
  record["embedding_source"] = "prompt";
  const std::string text =
      kPlane.substr(0, kPlane.rfind("{\"cohort\"")) + record.dump();
  // As the coordinator lays out the same trajectories.
  Cohort cohort;
  cohort.id = 1;
  cohort.num_pairs = 2;
  cohort.group_size = 1;
  cohort.dim = 2;
  const auto records = read(text);
  for (const TrajectoryRecord& r : records) {
    CohortSide& side = r.side == Side::kQuery ? cohort.query : cohort.target;
    side.completions.push_back(r.completion);
    side.gen_embeddings.insert(side.gen_embeddings.end(),
                               r.gen_embedding.begin(), r.gen_embedding.end());
    side.has_embedding.push_back(1);
    side.embedding_sources.push_back(r.from_prompt
                                         ? EmbeddingSource::kPrompt
                                         : EmbeddingSource::kCompletion);
  }
  REQUIRE(cohort.target.embedding_sources[1] == EmbeddingSource::kPrompt);
  std::vector<double> counted;
  for (const char* missing : {"zero", "drop", "prompt"}) {
    INFO(missing);
    RewardConfig config;
    config.missing_embedding = missing;
    const RewardPipeline pipeline = make_reward_pipeline(config);
    const RewardTable table = pipeline.score(cohort);
    const auto scored = score_records(pipeline, records);
    std::array<size_t, 2> next{};
    for (size_t i = 0; i < records.size(); ++i) {
      const bool query = records[i].side == Side::kQuery;
      const auto& cells = query ? table.total.query : table.total.target;
      CHECK(scored[i].reward == cells[next[query ? 0 : 1]++]);
    }
    const RewardCell& cell = table.total.target[1];
    counted.push_back(cell.state == CellState::kValue ? cell.value : -1.0);
  }
  CHECK(counted == std::vector<double>{1.0, -1.0, 2.0});
}

TEST_CASE("cohorts are scored apart, wherever their lines stand") {
  std::string other = kPlane;
  for (size_t at; (at = other.find("\"cohort\": 1")) != std::string::npos;) {
    other.replace(at, 11, "\"cohort\": 2");
  }
  std::string mixed;
  std::istringstream a(kPlane), b(other);
  for (std::string x, y; std::getline(a, x) && std::getline(b, y);) {
    mixed += x + "\n" + y + "\n";
  }
  const auto rows = score_records(make_reward_pipeline({}), read(mixed));
  CHECK(rows[0].cohort == "1");
  CHECK(rows[1].cohort == "2");
  for (const ScoredRecord& row : rows) CHECK(row.reward.value == 2.0);
}

TEST_CASE("incomplete cohorts are refused by name") {
  const RewardPipeline pipeline = make_reward_pipeline({});
  const auto throws = [&](const std::string& text, const char* part) {
    CHECK_THROWS_WITH(score_records(pipeline, read(text)), Contains(part));
  };
  throws(kPlane + kPlane, "line 5: cohort 1, pair 0, query: sample 0 is given");
  throws(kPlane + line("query", 0, 1, "[1, 0]"),
         "1 target trajectories, expected 2");
  throws(line("query", 0, 0, "[1]") + line("query", 1, 0, "[1]"),
         "0 target trajectories, expected 1");
  throws(line("query", 0, 0, "[1]") + line("target", 0, 0, "[1]"),
         "no negatives");
  RewardConfig format_only = config_of({"format"});
  format_only.terms[0].strict = true;
  const auto rows = score_records(make_reward_pipeline(format_only),
                                  read(line("query", 0, 0, "null")));
  CHECK(rows.at(0).reward.value == 1.0);
}

TEST_CASE("malformed records are refused with file and line") {
  const auto throws = [&](const std::string& text, const char* part) {
    CHECK_THROWS_WITH(read(kPlane + "\n" + text),
                      Contains("rollouts.jsonl:6: ") && Contains(part));
  };
  throws("{", "not valid JSON");
  throws("[1]", "object");
  throws("{\"cohort\": 1}", "no field 'pair'");
  throws("{\"cohort\": 1.5}", "cohort: found 1.5");
  throws(line("left", 0, 0, "[]"), "side: found \"left\"");
  throws(line("query", 0, -1, "[]"), "sample: found -1");
  throws(line("query", 0, 0, "[\"x\"]"), "gen_embedding");
  throws(line("query", 0, 0, "3"), "a list of numbers");
  throws(line("query", 0, 0, "[1e999]"), "not valid JSON");
  throws(std::string("{\"cohort\": \"\xff\"}"), "not valid JSON");
  throws(std::string(100000, '['), "nested deeper than");
  // A value that is shown in the message, and too deep to be shown.
  throws("{\"cohort\":" + std::string(100000, '[') + std::string(100000, ']') +
             "}",
         "nested deeper than");
  throws(R"({"cohort": 1, "cohort": 2})", "appears twice");
  CHECK(read(line("query", 0, 0, "[1e300]"))[0].gen_embedding[0] > 1e38f);
}

TEST_CASE("files are read plain or compressed, and refused when cut short") {
  const std::string path = (std::filesystem::temp_directory_path() /
                            ("ume_reward_" + std::to_string(::getpid())))
                               .string();
  const auto read_back = [&](const std::string& bytes) {
    std::ofstream(path, std::ios::binary) << bytes;
    return read_trajectory_file(path);
  };
  std::string text;
  for (int i = 0; i < 2000; ++i) text += kPlane;
  std::string packed(ZSTD_compressBound(text.size()), '\0');
  packed.resize(
      ZSTD_compress(packed.data(), packed.size(), text.data(), text.size(), 3));
  CHECK(read_back(kPlane).size() == 4);
  CHECK(read_back(packed).size() == 8000);
  CHECK(read_back(packed + packed).size() == 16000);
  CHECK_THROWS_AS(read_back(packed.substr(0, packed.size() / 2)), InvalidInput);
  CHECK_THROWS_AS(read_back(packed.substr(0, 6)), InvalidInput);
  packed[packed.size() / 2] ^= 0x55;
  CHECK_THROWS_AS(read_back(packed), InvalidInput);
  std::filesystem::remove(path);
  CHECK_THROWS_AS(read_trajectory_file(path), IoError);
}

TEST_CASE("the control offline permutes as in the run, by cohort number") {
  RewardConfig config;
  config.control = "shuffle";
  const auto c = read_fixture("parity/reward/reward_cases.json")[8];
  Cohort cohort = parity_cohort(c);
  cohort.id = 12;
  const RewardPipeline pipeline = make_reward_pipeline(config);
  const RewardTable table = pipeline.score(cohort);
  std::string text = as_jsonl(c);
  for (size_t at; (at = text.find("\"c1\"")) != std::string::npos;) {
    text.replace(at, 4, "12");
  }
  auto records = read(text);
  std::reverse(records.begin(), records.end());  // pairs in the run's order
  for (const ScoredRecord& row : score_records(pipeline, records)) {
    const auto& cells =
        row.side == Side::kQuery ? table.total.query : table.total.target;
    const int64_t at = std::stoll(row.pair) * cohort.group_size + row.sample;
    CHECK(row.reward.value == Approx(cells[at].value).margin(1e-6));
  }
}

TEST_CASE("what a run records beside the completions reaches the policy") {
  json records[4];
  int i = 0;
  for (const char* side : {"query", "target"}) {
    for (const int pair : {0, 1}) {
      json& record = records[i++];
      record = json::parse(line(side, pair, 0, pair ? "[0, 1]" : "[1, 0]"));
      record["ids"] = json::array({1, 2, 3});
      record["disc_embedding"] = {1, pair};
      record["source"] = "flags";
      record["step"] = 4;
      record["prompt_digest"] = side;  // both pairs ask the same
      record["duplicate_id"] = "";
    }
  }
  std::string text;
  for (const json& record : records) text += record.dump() + "\n";
  RewardConfig config = config_of({"length", "disc_guided"});
  config.terms[0].max_tokens = 4;
  config.terms[0].buffer_tokens = 2;
  config.terms[0].schedule.shape = "step";
  config.terms[0].schedule.begin = 4;
  config.terms[0].schedule.to = 8.0;
  config.sources = {{"flags", {{"disc_guided", "0"}}}};
  const auto rows = score_records(make_reward_pipeline(config), read(text));
  CHECK(rows[0].reward.value == -4.0);  // -0.5, eightfold from step 4 on
  // [1, 0] against [1, 0] and [1, 1] / sqrt(2).
  CHECK(rows[0].components[1].second.value ==
        Approx(1.0 - std::sqrt(0.5)).margin(1e-6));
  config = config_of({"ranking"});
  config.negatives.exclude_duplicates = true;
  CHECK(
      score_records(make_reward_pipeline(config), read(text))[0].reward.state ==
      CellState::kInvalid);
  RewardConfig length = config_of({"length"});
  length.terms[0].max_tokens = 9;
  const auto bare = score_records(make_reward_pipeline(length), read(kPlane));
  CHECK_THAT(bare[0].reward.reason, Contains("not known"));
  records[0]["ids"] = 7;
  CHECK_THROWS_WITH(read(records[0].dump()), Contains("ids: found 7"));
}
