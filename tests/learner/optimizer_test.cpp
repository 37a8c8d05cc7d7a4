#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "common/collective/thread_collective.h"
#include "common/error/error.h"
#include "learner/checkpoint/checkpoint_config.h"
#include "learner/grpo/grpo_config.h"
#include "learner/optimizer/adamw.h"
#include "learner/optimizer/finite_guard.h"
#include "learner/optimizer/lr_schedule.h"
#include "learner/optimizer/parameters.h"
#include "learner/sft/sft_config.h"
#include "tests/learner/fixtures.h"

namespace ume {
namespace {

NamedTensors toy_weights() {
  return {{"embed.weight", torch::tensor({{1.0f, -2.0f}, {0.5f, 4.0f}})},
          {"linear.bias", torch::tensor({1.0f, 1.0f})},
          {"linear.weight", torch::tensor({{1.0f, 2.0f}})},
          {"norm.weight", torch::tensor({3.0f})},
          {"visual.merger.ln_q.bias", torch::tensor({1.0f})},
          {"visual.merger.ln_q.weight", torch::tensor({2.0f})},
          {"visual.patch.weight", torch::tensor({{5.0f}})}};
}

bool all_train(const std::string&) {
  return true;
}

TEST_CASE("learning rate: linear warm-up from 0, then the schedule's shape") {
  OptimizerConfig c{
      .learning_rate = 2.0, .schedule = "linear", .warmup_steps = 4};
  CHECK(learning_rate_at(c, 0, 12) == 0.0);
  CHECK(learning_rate_at(c, 3, 12) == Approx(1.5));
  CHECK(learning_rate_at(c, 4, 12) == Approx(2.0));
  CHECK(learning_rate_at(c, 8, 12) == Approx(1.0));
  CHECK(learning_rate_at(c, 12, 12) == Approx(0.0));
  c.schedule = "cosine";
  CHECK(learning_rate_at(c, 6, 12) ==
        Approx(1.0 + std::cos(std::acos(-1.0) / 4)));
  CHECK(learning_rate_at(c, 8, 12) == Approx(1.0));
  c.schedule = "constant";
  CHECK(learning_rate_at(c, 11, 12) == Approx(2.0));
}

TEST_CASE("learning rate: the floor is a share of the peak and holds on") {
  for (const std::string schedule : {"linear", "cosine"}) {
    const OptimizerConfig c{
        .learning_rate = 1.0, .schedule = schedule, .min_ratio = 0.1};
    CHECK(learning_rate_at(c, 10, 10) == Approx(0.1));
    CHECK(learning_rate_at(c, 99, 10) == Approx(0.1));
    CHECK(learning_rate_at(c, 5, 10) == Approx(0.55));
  }
}

TEST_CASE("parameters: biases and LayerNorm scales do not decay") {
  const Parameters p(toy_weights(), all_train);
  std::vector<std::string> decaying;
  for (const ParameterSlot& slot : p.slots()) {
    if (slot.decays) decaying.push_back(slot.name);
  }
  // An RMSNorm scale (no bias beside it) and embeddings do.
  CHECK(decaying == std::vector<std::string>{"embed.weight", "linear.weight",
                                             "norm.weight",
                                             "visual.patch.weight"});
  CHECK(p.num_decaying() == 8);
}

TEST_CASE("parameters: gradients of the leaves gather in the flat buffer") {
  Parameters p(toy_weights(), [](const std::string& name) {
    return is_trainable(name, /*freeze_vision=*/true, /*freeze_merger=*/false);
  });
  CHECK_FALSE(p.tensors().at("visual.patch.weight").requires_grad());
  CHECK(p.tensors().at("visual.merger.ln_q.weight").requires_grad());
  (p.tensors().at("norm.weight") * 5.0).sum().backward();
  (p.tensors().at("norm.weight") * 2.0).sum().backward();
  CHECK(p.gradients().sum().item<float>() == Approx(7.0f));
  p.values().zero_();
  CHECK(p.tensors().at("embed.weight").abs().sum().item<float>() == 0.0f);
}

TEST_CASE("AdamW: the first step by hand") {
  // t = 1: m / (1 - b1) = g, v / (1 - b2) = g^2, so the step is
  // lr * sign(g) (epsilon aside), after the decay w (1 - lr wd).
  Parameters p(toy_weights(), all_train);
  AdamW adamw(p, {.weight_decay = 0.5});
  p.gradients().fill_(0.25f);
  adamw.step(0.1);
  CHECK(p.tensors().at("norm.weight").item<float>() ==
        Approx(3.0f * 0.95f - 0.1f));
  CHECK(p.tensors().at("linear.bias")[0].item<float>() == Approx(0.9f));
  // t = 2 with gradient -0.25: m = 0.9 * 0.025 - 0.025 = -0.0025, over
  // 1 - 0.81; v is again g^2 after correction.
  p.gradients().fill_(-0.25f);
  adamw.step(0.1);
  const double m = (0.9 * 0.1 - 0.1) * 0.25 / (1 - 0.81);
  CHECK(p.tensors().at("linear.bias")[0].item<float>() ==
        Approx(0.9 - 0.1 * m / 0.25));
  CHECK(adamw.num_steps() == 2);
}

TEST_CASE("global norm and clip factor are those of the published trainer") {
  CHECK(global_norm(torch::tensor({3.0f, 0.0f, 4.0f, 0.0f, 12.0f})) ==
        Approx(13.0));
  CHECK(clip_factor(4.0, 1.0) == Approx(1.0 / (4.0 + 1e-6)).epsilon(1e-12));
  CHECK(clip_factor(0.5, 1.0) == 1.0);
  CHECK(clip_factor(400.0, 0.0) == 1.0);
  // Squares beyond fp32 are still a finite norm.
  CHECK(global_norm(torch::full({2}, 1e30f)) == Approx(std::sqrt(2.0) * 1e30));
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(std::isnan(global_norm(torch::tensor({1.0f, nan}))));
}

TEST_CASE("finite guard: skips are counted, k in a row end the run with 65") {
  FiniteGuard guard(3);
  const double nan = std::nan("");
  CHECK_FALSE(guard.admit(0, nan, 1.0));
  CHECK_FALSE(guard.admit(1, 1.0, INFINITY));
  CHECK(guard.admit(2, 1.0, 1.0));
  CHECK_FALSE(guard.admit(3, 1.0, nan));
  CHECK_FALSE(guard.admit(4, 1.0, nan));
  CHECK(guard.num_skipped() == 4);
  try {
    guard.admit(5, 1.0, nan);
    FAIL("the third skip in a row must throw");
  } catch (const InvalidInput& error) {
    CHECK(error.code() == ExitCode::kBadData);
    CHECK_THAT(error.what(), Catch::Contains("step 5"));
  }
}

TEST_CASE("configurations: a value out of range is refused by field name") {
  SftConfig sft;
  CHECK_NOTHROW(sft.validate());
  sft.ce_reduction = "mean";
  CHECK_THROWS_WITH(sft.validate(), Catch::Contains("sft.ce_reduction") &&
                                        Catch::Contains("per_rank"));
  GrpoConfig grpo;
  CHECK_NOTHROW(grpo.validate());
  grpo.group_size = 1;
  CHECK_THROWS_AS(grpo.validate(), ConfigError);
  OptimizerConfig optimizer{.beta2 = 1.0};
  CHECK_THROWS_WITH(
      optimizer.validate("grpo.optimizer"),
      "grpo.optimizer.beta2: expected a number in [0, 1), found 1");
  grpo = {};
  grpo.optimizer.schedule = "linaer";
  CHECK_THROWS_WITH(grpo.validate(),
                    "grpo.optimizer.schedule: expected constant, linear or "
                    "cosine, found 'linaer'; did you mean 'linear'?");
  sft = {};
  sft.optimizer.warmup_steps = -1;
  CHECK_THROWS_WITH(sft.validate(),
                    Catch::StartsWith("sft.optimizer.warmup_steps: "));
  // With one, a crash between writing and recording would leave none that the
  // ledger knows.
  CheckpointConfig checkpoint{.keep = 1};
  CHECK_THROWS_WITH(checkpoint.validate(), Catch::Contains("checkpoint.keep"));
}

}  // namespace
}  // namespace ume
