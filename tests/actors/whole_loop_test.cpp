// The main system test: SFT, then GRPO, with every role real, in one process.

#include <catch2/catch.hpp>
#include <filesystem>

#include "coordinator/memory_ledger.h"
#include "coordinator/sqlite_ledger.h"
#include "learner/checkpoint_manifest.h"
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
