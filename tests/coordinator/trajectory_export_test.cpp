#include "coordinator/progress/trajectory_export.h"

#include <zstd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "common/error/error.h"
#include "common/files/files.h"
#include "tests/coordinator/direct_world.h"
#include "tests/support/scratch_folder.h"

namespace ume {
namespace {

using nlohmann::json;

std::string decompress(const std::string& bytes) {
  std::string text(ZSTD_getFrameContentSize(bytes.data(), bytes.size()), '\0');
  const size_t size =
      ZSTD_decompress(text.data(), text.size(), bytes.data(), bytes.size());
  REQUIRE_FALSE(ZSTD_isError(size));
  return text;
}

std::vector<json> records_of(const std::string& text) {
  std::vector<json> records;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    records.push_back(json::parse(line));
  }
  return records;
}

}  // namespace

TEST_CASE(
    "trajectory export: a checkpoint's updates are written, then let go") {
  const ScratchFolder folder;
  test::DirectWorld world;
  world.exporter = file_exporter(folder.path());
  world.start();
  world.register_learner("a");
  world.run();
  for (int i = 0; i < 6; ++i) world.coordinator->tick();
  REQUIRE(world.coordinator->training_done());
  CHECK(world.ledger->scan(LedgerTable::kTrajectories, "").empty());
  for (const char* name : {"step_000000", "step_000005"}) {
    const std::string file =
        folder.path() + "/trajectories/grpo/" + name + ".jsonl.zst";
    INFO(file);
    // 4 pairs, both sides, 3 trajectories each.
    CHECK(records_of(decompress(read_file(file))).size() == 24);
  }
}

TEST_CASE("trajectory export: a record has what the reward command reads") {
  std::vector<json> records;
  test::DirectWorld world;
  world.exporter = [&](const UpdateExport& update) {
    if (update.step == 0) records = records_of(trajectory_lines(update));
  };
  world.start();
  world.register_learner("a");
  world.run();
  for (int i = 0; i < 6; ++i) world.coordinator->tick();
  REQUIRE(records.size() == 24);
  std::set<std::string> names;
  int invalid = 0;
  for (const json& record : records) {
    names.insert(record["cohort"].dump() + record["pair"].dump() +
                 record["side"].dump() + record["sample"].dump());
    CHECK(record["completion"].is_string());
    CHECK(record["ids"].size() == record["logprobs"].size());
    CHECK(record["components"]["format"] == 1.0);
    CHECK(record["policy_update"] == 25);
    CHECK(record["policy_hash"] == test::kPolicyHash);
    if (record["reward"].is_object()) ++invalid;
    const bool has = record["gen_embedding"].is_array();
    CHECK(has == record.contains("embedding_source"));
  }
  CHECK(names.size() == 24);  // each trajectory once
  CHECK(records[0]["prompt"]["text"] == "query 0");
  CHECK(records[0]["source"] == "set 0");
  CHECK(invalid < 24);
}

TEST_CASE(
    "trajectory export: a failing export leaves the trajectories in the "
    "ledger and is done again") {
  int calls = 0;
  test::DirectWorld world;
  world.exporter = [&](const UpdateExport&) {
    if (++calls == 1) throw IoError("disk full");
  };
  world.start();
  world.register_learner("a");
  world.run();
  CHECK_THROWS_AS(world.coordinator->tick(), IoError);
  world.start();
  for (int i = 0; i < 6; ++i) world.coordinator->tick();
  CHECK(calls == 7);
  CHECK(world.coordinator->training_done());
}

}  // namespace ume
