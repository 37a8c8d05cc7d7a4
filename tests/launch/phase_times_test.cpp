#include "launch/phase_times.h"

#include <catch2/catch.hpp>

#include "tests/support/scratch_folder.h"

namespace ume {
namespace {

StepRecord step(const std::string& phase, int64_t number, double time) {
  return {phase, number, {{"time", time}, {"tokens", 100.0}}};
}

TEST_CASE("a phase's time runs from its start to its last step") {
  const PhaseTime time = phase_time(
      "sft", {{"sft", 100.0}, {"grpo", 140.0}},
      {step("sft", 0, 110.0), step("sft", 1, 130.0), step("grpo", 0, 150.0)});
  CHECK(time.seconds == Approx(30.0));
  CHECK(time.tokens == 200);
}

TEST_CASE("the pause of a run that was stopped does not count") {
  // 20 s of work, an hour's pause, 10 s of work.
  const PhaseTime time = phase_time(
      "sft", {{"sft", 100.0}, {"sft", 3720.0}},
      {step("sft", 0, 110.0), step("sft", 1, 120.0), step("sft", 2, 3730.0)});
  CHECK(time.seconds == Approx(30.0));
  CHECK(time.tokens == 300);
}

TEST_CASE("a start without a new step counts nothing") {
  // The first learner ended before its first step, the last replays.
  const PhaseTime time =
      phase_time("grpo", {{"grpo", 5.0}, {"grpo", 10.0}, {"grpo", 90.0}},
                 {step("grpo", 0, 14.0)});
  CHECK(time.seconds == Approx(4.0));
  CHECK(phase_time("sft", {{"sft", 1.0}}, {}).seconds == 0.0);
}

TEST_CASE("phase starts are read from the events of a run") {
  const ScratchFolder folder;
  const auto path = folder.write(
      "events.jsonl",
      "{\"kind\":\"learner_started\",\"text\":\"incarnation 1\",\"time\":1.0}\n"
      "{\"kind\":\"phase_began\",\"text\":\"sft\",\"time\":2.5}\n"
      "{\"kind\":\"phase_resumed\",\"text\":\"sft at step 3\",\"time\":9}\n"
      "[]\n{\"kind\":\"phase_be");
  const std::vector<PhaseStart> starts = read_phase_starts(path);
  REQUIRE(starts.size() == 2);
  CHECK(starts[0].phase == "sft");
  CHECK(starts[0].wall_seconds == 2.5);
  CHECK(starts[1].phase == "sft");
  CHECK(starts[1].wall_seconds == 9.0);
  CHECK(read_phase_starts(folder.path() + "/none").empty());
}

}  // namespace
}  // namespace ume
