// The main system test: SFT, then GRPO, with every role real, in one process.

#include <zstd.h>

#include <catch2/catch.hpp>
#include <filesystem>

#include "common/files/files.h"
#include "coordinator/ledger/memory_ledger.h"
#include "coordinator/ledger/sqlite_ledger.h"
#include "learner/checkpoint/checkpoint_manifest.h"
#include "tests/actors/loop_fixture.h"

namespace ume {
namespace {

TEST_CASE(
    "the whole loop trains, checkpoints and exports; run again it gives "
    "the same ledger and weights") {
  const LoopFixture fixture;
  MemoryLedger first_ledger;
  const LoopOutcome first =
      run_loop(fixture.config(), fixture.folder() / "first", first_ledger);
  CHECK(first.failure == "");
  REQUIRE(first.training_done);
  CHECK(first.broken_rules.empty());
  const auto checkpoints = fixture.folder() / "first" / "checkpoints";
  for (const char* step : {"sft/step_000003", "grpo/step_000003"}) {
    INFO(step);
    CHECK_NOTHROW(verify_checkpoint((checkpoints / step).string()));
    CHECK(std::filesystem::exists(checkpoints / step / "model" /
                                  "model.safetensors"));
  }

  SqliteLedger second_ledger((fixture.folder() / "second.sqlite").string());
  const LoopOutcome second =
      run_loop(fixture.config(), fixture.folder() / "second", second_ledger);
  CHECK(second.ledger_digest == first.ledger_digest);
  CHECK(second.final_weight_hash == first.final_weight_hash);
  CHECK_FALSE(first.final_weight_hash.empty());
}

// The bytes of SFT's export in a run of its own.
std::string sft_weights(const LoopFixture& fixture,
                        const std::string& order,
                        int64_t seed) {
  RunConfig config = fixture.config();
  config.sft.order = order;
  config.run.seed = seed;
  const auto folder = fixture.folder() / (order + "-" + std::to_string(seed));
  MemoryLedger ledger;
  REQUIRE(run_loop(config, folder, ledger).training_done);
  return read_file(
      (folder / "checkpoints/sft/step_000003/model" / "model.safetensors")
          .string());
}

TEST_CASE("run.seed deals SFT's records where sft.order draws them") {
  const LoopFixture fixture;
  CHECK(sft_weights(fixture, "file", 1) == sft_weights(fixture, "file", 2));
  const std::string drawn = sft_weights(fixture, "records", 1);
  CHECK(drawn != sft_weights(fixture, "records", 2));
  CHECK(drawn != sft_weights(fixture, "batches", 1));
}

std::string decompressed(const std::string& bytes) {
  std::string text(ZSTD_getFrameContentSize(bytes.data(), bytes.size()), ' ');
  REQUIRE(ZSTD_decompress(text.data(), text.size(), bytes.data(),
                          bytes.size()) == text.size());
  return text;
}

TEST_CASE("missing_embedding: resample reaches the rollout workers") {
  const LoopFixture fixture;
  RunConfig config = fixture.config();
  config.reward.missing_embedding = "resample";
  config.reward.max_redraws = 2;
  const auto folder = fixture.folder() / "resample";
  MemoryLedger ledger;
  const LoopOutcome outcome = run_loop(config, folder, ledger);
  REQUIRE(outcome.training_done);
  CHECK(outcome.broken_rules.empty());
  const std::string lines = decompressed(
      read_file((folder / "trajectories/grpo/step_000000.jsonl.zst").string()));
  CHECK(lines.find("\"redraws\":2") != std::string::npos);
}

TEST_CASE("a sampler that leaves with a lease in hand changes nothing") {
  const LoopFixture fixture;
  MemoryLedger calm_ledger;
  const LoopOutcome calm =
      run_loop(fixture.config(), fixture.folder() / "calm", calm_ledger);
  MemoryLedger ledger;
  LoopFaults faults;
  faults.rollout_leaves_after = 3;
  const LoopOutcome faulty =
      run_loop(fixture.config(), fixture.folder() / "faulty", ledger, faults);
  REQUIRE(faulty.training_done);
  CHECK(faulty.broken_rules.empty());
  CHECK(faulty.ledger_digest == calm.ledger_digest);
  CHECK(faulty.final_weight_hash == calm.final_weight_hash);
}

}  // namespace
}  // namespace ume
