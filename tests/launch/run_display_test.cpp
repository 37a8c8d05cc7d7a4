#include "launch/run/run_display.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "coordinator/progress/status.h"

namespace ume {
namespace {

// The line that the coordinator's snapshot, as it is sent, becomes.
std::string shown(const StatusSnapshot& status) {
  const auto progress = progress_of(nlohmann::json::parse(to_json(status)));
  return progress ? format_progress(*progress, progress->rate) : "";
}

StatusSnapshot sample_status() {
  StatusSnapshot status;
  status.state = "running";
  status.phases = {{"sft", "sft", 120, 1200, false},
                   {"grpo", "grpo", 0, 80, false}};
  status.steps_per_second = 3.0;
  status.metrics = {{"loss", 2.314}, {"tokens", 4000}};
  return status;
}

TEST_CASE(
    "progress of SFT: phase, step, rates, time left, loss, what follows") {
  CHECK(shown(sample_status()) ==
        "sft  120/1200 steps  10%  3.00 steps/s  left 6:00  loss 2.31  "
        "12000 tokens/s  then grpo");
}

TEST_CASE("progress of GRPO: the reward and the rate of sampling too") {
  StatusSnapshot status = sample_status();
  status.phase_index = 1;
  status.phases[1].steps_done = 12;
  status.steps_per_second = 0.25;
  status.tokens_per_second = 2345.6;
  status.metrics = {
      {"reward", 1.25}, {"loss", 0.01}, {"kl", 0.0531}, {"tokens", 9000}};
  CHECK(shown(status) ==
        "grpo  12/80 steps  15%  0.25 steps/s  left 4:32  reward 1.25  "
        "loss 0.01  kl 0.0531  2346 sampled tokens/s");
}

TEST_CASE("progress: what is not known is left out, and a stop is named") {
  StatusSnapshot status = sample_status();
  status.state = "stopping";
  status.steps_per_second = 0.0;
  status.metrics.clear();
  CHECK(shown(status) ==
        "sft  120/1200 steps  10%  left -:--  then grpo  (stopping)");
  status.phases.clear();
  CHECK(shown(status) == "");
}

}  // namespace
}  // namespace ume
