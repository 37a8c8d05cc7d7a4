#include "reward/external/external_term.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "common/error/error.h"
#include "common/wire/zmq_caller.h"
#include "tests/reward/extension_fixtures.h"
#include "tests/reward/script_process.h"
#include "tests/support/scratch_folder.h"

using namespace ume;
using Catch::Matchers::Contains;

namespace {

constexpr const char* kExample =
    "examples/reward_service_python/reward_service.py";
constexpr const char* kMisbehaving =
    "tests/reward/services/misbehaving_service.py";

RewardTermConfig external(const std::string& endpoint,
                          const std::string& mode = "") {
  RewardTermConfig term;
  term.name = "external";
  term.extension.endpoint = endpoint;
  term.extension.timeout_ms = 5000;
  term.extension.retries = 0;
  if (!mode.empty()) term.extension.params = {{"mode", mode}};
  return term;
}

void check_all_failed(const RewardTable& table, const std::string& reason) {
  for (const auto* cells : {&table.total.query, &table.total.target}) {
    for (const RewardCell& cell : *cells) {
      CHECK(cell.state == CellState::kFailed);
      CHECK_THAT(cell.reason, Contains(reason));
    }
  }
}

}  // namespace

TEST_CASE("external: the Python example scores both sides") {
  const ScriptProcess service(kExample, "--endpoint=tcp://127.0.0.1:*");
  RewardTermConfig term = external(service.words().back());
  term.extension.params = {{"scale", "2"}};
  term.extension.version = "diversity-1";
  Cohort cohort = plain_cohort();
  cohort.query.completions = {"a b c d", "a a b b", "\xff x", ""};
  const RewardPipeline pipeline = pipeline_of(term);
  const RewardTable table = pipeline.score(cohort);
  // Different words / words, times the scale of 2.
  CHECK(table.total.query[0].value == 2.0);
  CHECK(table.total.query[1].value == 1.0);
  CHECK(table.total.query[2].value == 2.0);
  CHECK(table.total.query[3].state == CellState::kInvalid);
  CHECK(table.total.query[3].reason == "no words");
  CHECK(table.total.target[0].value == 2.0);
  CHECK(pipeline.score(cohort).total == table.total);
  term.extension.version = "diversity-2";
  check_all_failed(score_one(term, cohort),
                   "is version 'diversity-1', the configuration expects");
  term.extension.version = "";
  term.extension.params = {{"scale", "x"}};
  check_all_failed(score_one(term, cohort), "refused: could not convert");
}

TEST_CASE("external: no answer that cannot be believed becomes a reward") {
  const ScriptProcess service(kMisbehaving);
  const std::string endpoint = service.words().front();
  const std::pair<const char*, const char*> modes[] = {
      {"garbage", "not readable"},
      {"empty", "protocol 0, expected 1"},
      {"short", "query.values: has 3 elements"},
      {"row", "query.invalid: is 1000000000"},
      {"nan", "not finite"},
      {"major", "protocol 9, expected 1"},
  };
  for (const auto& [mode, reason] : modes) {
    INFO(mode);
    check_all_failed(score_one(external(endpoint, mode), plain_cohort()),
                     reason);
  }
  const RewardTable table =
      score_one(external(endpoint, "failed"), plain_cohort());
  CHECK(table.total.query[1].state == CellState::kFailed);
  CHECK(table.total.query[1].reason == "not this one");
  CHECK(table.total.query[0].state == CellState::kValue);
}

TEST_CASE(
    "external: silence ends with the deadline; a retry brings the answer") {
  const ScriptProcess service(kMisbehaving);
  const std::string endpoint = service.words().front();
  for (const char* mode : {"silent", "id"}) {
    RewardTermConfig term = external(endpoint, mode);
    term.extension.timeout_ms = 200;
    term.extension.retries = 1;
    check_all_failed(score_one(term, plain_cohort()),
                     "did not answer 2 times within 200 ms");
  }
  RewardTermConfig term = external(endpoint, "silent_once");
  term.extension.timeout_ms = 2000;
  term.extension.retries = 2;
  const RewardPipeline pipeline = pipeline_of(term);
  const RewardTable table = pipeline.score(plain_cohort());
  CHECK(table.total.query[0].state == CellState::kValue);
  CHECK(pipeline.metrics().at("external/retries") >= 1);
}

TEST_CASE("external: a service that is away opens the breaker") {
  RewardTermConfig term = external("tcp://127.0.0.1:1");
  term.extension.timeout_ms = 50;
  term.extension.breaker_failures = 2;
  const RewardPipeline pipeline = pipeline_of(term);
  check_all_failed(pipeline.score(plain_cohort()), "did not answer");
  CHECK(pipeline.metrics().at("external/breaker_state") == 0);
  check_all_failed(pipeline.score(plain_cohort()), "did not answer");
  CHECK(pipeline.metrics().at("external/breaker_state") == 2);
  check_all_failed(pipeline.score(plain_cohort()),
                   "the circuit breaker is open after 2 failures in a row");
}

TEST_CASE("external: a service that died and came back is found again") {
  const ScratchFolder folder;
  const std::string path = "ipc://" + folder / "socket";
  RewardTermConfig term = external(path);
  term.extension.timeout_ms = 10000;
  const RewardPipeline pipeline = pipeline_of(term);
  for (int start = 0; start < 2; ++start) {
    const ScriptProcess service(kExample, "--endpoint=" + path);
    const RewardTable table = pipeline.score(plain_cohort());
    CHECK(table.total.query[0].value == 1.0);
  }
}

TEST_CASE("external: another machine is asked with keys only") {
  const auto refused = [](const RewardTermConfig& term, const char* part) {
    CHECK_THROWS_AS(pipeline_of(term), ConfigError);
    CHECK_THROWS_WITH(pipeline_of(term), Contains(part));
  };
  for (const char* endpoint :
       {"tcp://10.0.0.1:5599", "tcp://127.0.0.1.example.com:5599",
        "tcp://example.com:1;tcp://127.0.0.1:1", "udp://127.0.0.1:1", "x"}) {
    refused(external(endpoint), "only with CURVE keys");
  }
  refused(external("tcp://127.0.0.1:x"), "cannot connect");
  RewardTermConfig term = external("tcp://10.0.0.1:5599");
  term.extension.server_key = std::string(40, 'a');
  refused(term,
          "key_file: expected a value, as server_key and key_file go together");
  CHECK(is_loopback("tcp://127.0.0.1:80"));
  CHECK(is_loopback("ipc:///tmp/x"));
  CHECK_FALSE(is_loopback("tcp://*:80"));
}

TEST_CASE("external: a service with keys is asked encrypted, and not without") {
  const ScriptProcess service(kMisbehaving, "--curve");
  const auto words = service.words();
  REQUIRE(words.size() == 3);
  const std::string key_file = std::filesystem::temp_directory_path() /
                               ("ume-key-" + std::to_string(getpid()));
  std::ofstream(key_file) << words[2] << "\n";
  chmod(key_file.c_str(), 0600);
  RewardTermConfig term = external(words[0]);
  term.extension.server_key = words[1];
  term.extension.key_file = key_file;
  CHECK(score_one(term, plain_cohort()).total.query[0].value == 1.0);
  chmod(key_file.c_str(), 0644);
  CHECK_THROWS_WITH(pipeline_of(term), Contains("others can read this key"));
  std::filesystem::remove(key_file);
  RewardTermConfig plain = external(words[0]);
  plain.extension.timeout_ms = 500;
  check_all_failed(score_one(plain, plain_cohort()), "did not answer");
}
