#include "actors/rewards/policy_keeper.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "actors/rewards/score_memory.h"
#include "common/config/config.h"
#include "common/error/error.h"
#include "common/files/files.h"

using namespace ume;
using Catch::Matchers::Contains;

namespace {

struct PolicyFile {
  PolicyFile()
      : path(std::filesystem::temp_directory_path() /
             ("ume-policy-" + std::to_string(getpid()) + ".yaml")) {}
  ~PolicyFile() { std::filesystem::remove(path); }
  void write(const std::string& terms) const {
    write_file_atomic(path, "terms: [" + terms + "]\n");
  }
  PolicyKeeper keeper() {
    const std::string file = path;
    return PolicyKeeper(
        {file,
         [file] {
           return make_reward_pipeline(read_config<RewardConfig>(file));
         }},
        now);
  }
  std::string path;
  std::atomic<bool> now{false};
};

}  // namespace

TEST_CASE(
    "policy keeper: a changed file is loaded when it is asked for, and "
    "is newer") {
  PolicyFile file;
  file.write("{name: format}");
  PolicyKeeper keeper = file.keeper();
  const std::string before = keeper.pipeline().policy_hash();
  const int64_t time = keeper.policy_time();
  CHECK(keeper.refresh().empty());
  file.write("{name: format, weight: 2}");
  CHECK(keeper.refresh().empty());  // it may still be being written
  file.now = true;
  CHECK_THAT(keeper.refresh(), Contains("was loaded"));
  CHECK_FALSE(file.now);
  CHECK(keeper.pipeline().policy_hash() != before);
  CHECK(keeper.policy_time() > time);
  CHECK(keeper.num_reloads() == 1);
  file.now = true;
  CHECK(keeper.refresh().empty());  // the same policy
}

TEST_CASE("policy keeper: how completions are drawn stays as it was") {
  PolicyFile file;
  file.write("{name: format}");
  PolicyKeeper keeper = file.keeper();
  const std::string before = keeper.pipeline().policy_hash();
  write_file_atomic(file.path,
                    "terms: [{name: format}]\nmissing_embedding: resample\n");
  file.now = true;
  CHECK_THAT(keeper.refresh(), Contains("refused") && Contains("resample") &&
                                   Contains("fixes at its start"));
  CHECK(keeper.pipeline().policy_hash() == before);
}

TEST_CASE("policy keeper: what cannot be loaded leaves the old policy") {
  PolicyFile file;
  file.write("{name: format}");
  PolicyKeeper keeper = file.keeper();
  const std::string before = keeper.pipeline().policy_hash();
  for (const char* bad :
       {"{name: fromat}", "{name: format, weight: x}", "{", "{name: plugin}"}) {
    file.write(bad);
    file.now = true;
    CHECK_THAT(keeper.refresh(), Contains("refused") && Contains(before));
    CHECK(keeper.pipeline().policy_hash() == before);
  }
  CHECK(keeper.num_refused() == 4);
  std::filesystem::remove(file.path);
  file.now = true;
  CHECK_THAT(keeper.refresh(), Contains("refused"));
}

TEST_CASE(
    "score memory: a cohort offered again gets the same table, failures "
    "are forgotten") {
  ScoreMemory memory;
  RewardTable table;
  table.policy_hash = "p";
  table.input_digest = "d";
  table.total = {"total", {{CellState::kValue, 1.0, ""}}, {}};
  memory.keep(4, table);
  REQUIRE(memory.find(4, "p", "d") != nullptr);
  CHECK(*memory.find(4, "p", "d") == table);
  CHECK(memory.find(5, "p", "d") == nullptr);
  CHECK(memory.find(4, "q", "d") == nullptr);
  CHECK(memory.find(4, "p", "e") == nullptr);
  table.input_digest = "failed";
  table.total.query[0] = {CellState::kFailed, 0.0, "no"};
  memory.keep(4, table);
  CHECK(memory.find(4, "p", "failed") == nullptr);
}
