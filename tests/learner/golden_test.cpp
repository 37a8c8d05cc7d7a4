#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/learner/grpo_cases.h"
#include "tests/learner/sft_cases.h"

// Ten losses of a tiny SFT and a tiny GRPO run against golden_curves.json. The
// first losses are also those of the reference implementation
// (tests/fixtures/parity); the rest was recorded with this test on an AVX-512
// Xeon. A failure prints the curve it got, in the form to record.
namespace ume {
namespace {

// Room for another CPU's kernels over ten steps. GRPO's losses fall to a few
// thousandths, so that only a small margin holds them to anything.
constexpr double kTolerance = 2e-3;
constexpr double kGrpoMargin = 1e-4;

void check_curve(const std::vector<StepMetrics>& steps,
                 const std::string& name,
                 double margin) {
  std::ifstream file("tests/learner/golden_curves.json");
  const auto recorded =
      nlohmann::json::parse(file).at(name).get<std::vector<double>>();
  std::string curve;
  for (const StepMetrics& step : steps) {
    char text[32];
    std::snprintf(text, sizeof(text), "%.7g, ", step.at("loss"));
    curve += text;
  }
  INFO(name << ": " << curve);
  REQUIRE(steps.size() == recorded.size());
  for (size_t s = 0; s < steps.size(); ++s) {
    INFO("step " << s);
    CHECK(steps[s].at("loss") ==
          Approx(recorded[s]).epsilon(kTolerance).margin(margin));
  }
}

TEST_CASE("golden curve: ten steps of SFT on two ranks") {
  SftConfig config =
      sft_case_config(sft_case().json["runs"]["two_ranks_global_token_mean"]);
  config.steps = 10;
  config.optimizer.learning_rate = 1e-3;
  config.optimizer.schedule = "cosine";
  config.optimizer.warmup_steps = 2;
  config.optimizer.min_ratio = 0.1;
  check_curve(run_sft(config, 2, 10).front().steps, "sft", kTolerance);
}

TEST_CASE("golden curve: ten updates of GRPO on two ranks") {
  GrpoConfig config = grpo_case_config();
  config.updates = 10;
  config.optimizer.learning_rate = 1e-3;
  config.optimizer.schedule = "linear";
  check_curve(run_grpo(config, 2, 10).front().steps, "grpo", kGrpoMargin);
}

}  // namespace
}  // namespace ume
