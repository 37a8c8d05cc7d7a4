#include "learner/sft/contrastive.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <nlohmann/json.hpp>
#include <thread>
#include <vector>

#include "common/collective/thread_collective.h"
#include "tests/learner/fixtures.h"

namespace ume {
namespace {

torch::Tensor unit_rows(const torch::Tensor& rows) {
  return rows / rows.norm(2, 1, true);
}

TEST_CASE("info_nce: two pairs at right angles give the closed form") {
  // By hand: logits are scale * identity, so every CE is log(1 + e^-scale).
  const torch::Tensor eye = torch::eye(2);
  CHECK(info_nce(eye, eye, 2.0).item<double>() ==
        Approx(std::log1p(std::exp(-2.0))).epsilon(1e-6));
  // Swapped targets: log(1 + e^scale).
  CHECK(info_nce(eye, eye.flip(0), 2.0).item<double>() ==
        Approx(std::log1p(std::exp(2.0))).epsilon(1e-6));
}

TEST_CASE("info_nce: agrees with the recorded embeddings and losses") {
  const auto batch = parity_tensors("sft/batch.safetensors");
  const auto step =
      parity_json("sft/sft.json")["runs"]["single_rank"]["steps"][0];
  for (const std::string kind : {"gen", "disc"}) {
    const torch::Tensor loss =
        info_nce(batch.at("query." + kind + "_embedding"),
                 batch.at("target." + kind + "_embedding"), 50.0);
    CHECK(loss.item<double>() ==
          Approx(step["info_nce_" + kind].get<double>()).margin(1e-4));
  }
}

TEST_CASE("info_nce: the gradient equals finite differences") {
  torch::manual_seed(3);
  const auto options = torch::TensorOptions().dtype(torch::kFloat64);
  torch::Tensor queries = torch::randn({5, 7}, options).requires_grad_(true);
  torch::Tensor targets = torch::randn({5, 7}, options).requires_grad_(true);
  const auto loss = [&] {
    return info_nce(unit_rows(queries), unit_rows(targets), 5.0);
  };
  loss().backward();
  const torch::NoGradGuard no_grad;
  const double h = 1e-6;
  for (torch::Tensor* side : {&queries, &targets}) {
    double* data = side->data_ptr<double>();
    const double* gradient = side->grad().data_ptr<double>();
    for (int64_t i = 0; i < side->numel(); i += 3) {
      const double kept = data[i];
      data[i] = kept + h;
      const double above = loss().item<double>();
      data[i] = kept - h;
      const double below = loss().item<double>();
      data[i] = kept;
      CHECK(gradient[i] == Approx((above - below) / (2 * h)).margin(1e-7));
    }
  }
}

TEST_CASE("gather_rows: ranks with unequal shares get the one-rank gradient") {
  torch::manual_seed(4);
  const torch::Tensor queries = unit_rows(torch::randn({5, 8}));
  const torch::Tensor targets = unit_rows(torch::randn({5, 8}));
  torch::Tensor whole = torch::stack({queries, targets}).requires_grad_(true);
  const torch::Tensor expected = info_nce(whole[0], whole[1], 50.0);
  expected.backward();

  const std::vector<int64_t> bounds{0, 3, 3, 5};  // the middle rank has none
  auto ranks = make_thread_collectives(3);
  std::vector<torch::Tensor> gradients(3);
  std::vector<double> losses(3);
  std::vector<std::thread> threads;
  for (int r = 0; r < 3; ++r) {
    threads.emplace_back([&, r] {
      const int64_t count = bounds[r + 1] - bounds[r];
      torch::Tensor own = whole.detach()
                              .narrow(1, bounds[r], count)
                              .clone()
                              .requires_grad_(true);
      const torch::Tensor rows = gather_rows(own, bounds[r], 5, *ranks[r]);
      const torch::Tensor loss = info_nce(rows[0], rows[1], 50.0);
      loss.backward();
      losses[r] = loss.item<double>();
      gradients[r] = own.grad();
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (double loss : losses) {
    CHECK(loss == Approx(expected.item<double>()).epsilon(1e-6));
  }
  CHECK(distance(torch::cat(gradients, 1), whole.grad()) < 1e-5);
}

}  // namespace
}  // namespace ume
