#include "learner/grpo/grpo_loss.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>

#include "common/error/error.h"
#include "tests/learner/fixtures.h"

namespace ume {
namespace {

// A recorded case, its padded [B, T] tensors flattened to the valid tokens.
struct LossCase {
  torch::Tensor mask;  // [B, T] bool
  torch::Tensor old, reference;
  torch::Tensor logprobs;  // requires grad
  std::vector<int64_t> lengths;
  GrpoTotals totals;
};

LossCase load_case(const std::map<std::string, torch::Tensor>& tensors,
                   const std::string& name) {
  LossCase c;
  c.mask = tensors.at(name + ".mask").to(torch::kBool);
  c.old = tensors.at(name + ".old").masked_select(c.mask);
  c.reference = tensors.at(name + ".ref").masked_select(c.mask);
  c.logprobs =
      tensors.at(name + ".new").masked_select(c.mask).requires_grad_(true);
  for (int64_t row = 0; row < c.mask.size(0); ++row) {
    c.lengths.push_back(c.mask[row].sum().item<int64_t>());
    c.totals.num_tokens += c.lengths.back();
  }
  c.totals.num_trajectories = c.mask.size(0);
  return c;
}

torch::Tensor weights_of(const LossCase& c,
                         const std::string& normaliser,
                         int64_t max_length) {
  std::vector<float> weights;
  for (int64_t length : c.lengths) {
    const double w = grpo_token_weight(parse_normaliser(normaliser), length,
                                       c.totals, max_length);
    weights.insert(weights.end(), static_cast<size_t>(length),
                   static_cast<float>(w));
  }
  return torch::tensor(weights);
}

double max_difference(const torch::Tensor& a, const torch::Tensor& b) {
  return (a - b).abs().max().item<double>();
}

double fraction(const torch::Tensor& flags) {
  return flags.to(torch::kFloat64).mean().item<double>();
}

// One recorded variant of a case, and what we make of it.
struct Variant {
  LossCase c;
  GrpoTokenLoss result;
  torch::Tensor loss;  // scalar, backward done
};

Variant run_variant(const std::map<std::string, torch::Tensor>& tensors,
                    const std::string& name,
                    const nlohmann::json& variant) {
  Variant run{.c = load_case(tensors, name), .result = {}, .loss = {}};
  const torch::Tensor advantages =
      tensors.at(name + "." + variant["advantages"].get<std::string>())
          .unsqueeze(1)
          .expand(run.c.mask.sizes())
          .masked_select(run.c.mask);
  run.result =
      grpo_token_loss(run.c.logprobs, run.c.old, run.c.reference, advantages,
                      {.eps_low = variant["eps_low"],
                       .eps_high = variant["eps_high"],
                       .beta = variant["beta"]});
  const torch::Tensor weights = weights_of(run.c, variant["normaliser"],
                                           variant["max_completion_length"]);
  run.loss = (run.result.loss * weights).sum();
  run.loss.backward();
  return run;
}

void check_kl(const Variant& run,
              const torch::Tensor& per_token,
              const nlohmann::json& variant) {
  CHECK(max_difference(run.result.kl, per_token) < 2e-5);
  const torch::Tensor weights = weights_of(run.c, "sequence_mean", 1);
  CHECK((run.result.kl * weights).sum().item<double>() ==
        Approx(variant["kl_mean"].get<double>()).epsilon(1e-5).margin(1e-6));
  CHECK(run.result.kl.mean().item<double>() ==
        Approx(variant["kl_token_mean"].get<double>())
            .epsilon(1e-5)
            .margin(1e-6));
}

TEST_CASE("grpo loss: agrees with the recorded losses, gradients and KL") {
  const auto tensors = parity_tensors("grpo/loss_cases.safetensors");
  for (const auto& entry : parity_json("grpo/loss_cases.json")) {
    for (const auto& variant : entry["variants"]) {
      const auto prefix = variant["tensor_prefix"].get<std::string>();
      INFO(prefix);
      const Variant run = run_variant(tensors, entry["name"], variant);
      const auto valid = [&](const std::string& suffix) {
        return tensors.at(prefix + suffix).masked_select(run.c.mask);
      };
      CHECK(run.loss.item<double>() ==
            Approx(variant["loss"].get<double>()).epsilon(1e-5).margin(1e-6));
      CHECK(max_difference(run.result.loss.detach(), valid(".per_token_loss")) <
            1e-5);
      CHECK(max_difference(run.c.logprobs.grad(), valid(".grad_new")) < 1e-6);
      CHECK(fraction(run.result.clip_official) ==
            Approx(variant["clip_ratio_official"].get<double>()).margin(1e-6));
      CHECK(fraction(run.result.clip_active) ==
            Approx(variant["clip_fraction_active"].get<double>()).margin(1e-6));
      if (variant["beta"].get<double>() == 0.0) {
        CHECK_FALSE(run.result.kl.defined());
      } else {
        check_kl(run, valid(".per_token_kl"), variant);
      }
    }
  }
}

TEST_CASE("grpo loss: the clip removes the gradient on the greedy side only") {
  // By hand: ratios 1.5 and 0.5, clip [0.8, 1.28]. With A = 1 the first is
  // clipped (min picks 1.28), the second is not; with A = -1 the reverse.
  const torch::Tensor old = torch::zeros({4});
  torch::Tensor now = torch::tensor({std::log(1.5f), std::log(0.5f),
                                     std::log(1.5f), std::log(0.5f)})
                          .requires_grad_(true);
  const torch::Tensor advantages = torch::tensor({1.0f, 1.0f, -1.0f, -1.0f});
  const GrpoTokenLoss result =
      grpo_token_loss(now, old, {}, advantages,
                      {.eps_low = 0.2, .eps_high = 0.28, .beta = 0.0});
  result.loss.sum().backward();
  CHECK(result.loss[0].item<float>() == Approx(-1.28f));
  CHECK(result.loss[1].item<float>() == Approx(-0.5f));
  CHECK(result.loss[2].item<float>() == Approx(1.5f));
  CHECK(result.loss[3].item<float>() == Approx(0.8f));
  CHECK(now.grad()[0].item<float>() == 0.0f);
  CHECK(now.grad()[1].item<float>() == Approx(-0.5f));
  CHECK(now.grad()[2].item<float>() == Approx(1.5f));
  CHECK(now.grad()[3].item<float>() == 0.0f);
  CHECK(result.clip_active.sum().item<int64_t>() == 2);
}

TEST_CASE("parse_normaliser: an unknown name is refused with the known ones") {
  CHECK_THROWS_WITH(parse_normaliser("mean"),
                    Catch::Contains("token_mean") && Catch::Contains("mean"));
}

}  // namespace
}  // namespace ume
