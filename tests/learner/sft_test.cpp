#include "learner/sft/sft.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "common/collective/thread_collective.h"
#include "common/error/error.h"
#include "learner/checkpoint/weight_list.h"
#include "learner/sft/contrastive.h"
#include "tests/learner/sft_cases.h"

namespace ume {
namespace {

const nlohmann::json& recorded(const std::string& run) {
  return sft_case().json["runs"][run];
}

void check_losses(const SftRun& run, const nlohmann::json& expected) {
  REQUIRE(run.steps.size() == expected["steps"].size());
  for (size_t s = 0; s < run.steps.size(); ++s) {
    const auto& step = expected["steps"][s];
    const StepMetrics& got = run.steps[s];
    for (const std::string name :
         {"ce_query", "ce_target", "info_nce_gen", "info_nce_disc"}) {
      INFO("step " << s << " " << name);
      CHECK(got.at(name) == Approx(step[name].get<double>()).margin(1e-4));
    }
    CHECK(got.at("loss") == Approx(step["total"].get<double>()).margin(2e-4));
    CHECK(got.at("grad_norm") ==
          Approx(step["grad_norm_before_clip"].get<double>()).epsilon(1e-3));
  }
}

void check_weight_norms(const SftRun& run, const nlohmann::json& expected) {
  for (const auto& [name, norm] : expected["final_weight_norms"].items()) {
    INFO(name);
    CHECK(run.weights.at(name).norm().item<double>() ==
          Approx(norm.get<double>()).epsilon(1e-5));
  }
}

// ||w - w_ref|| <= 0.02 * ||w_ref - w_initial||, tensor by tensor.
void check_weights(const SftRun& run) {
  const auto expected = parity_tensors("sft/single_rank_final.safetensors");
  for (const auto& [name, norm] : sft_case().json["update_norm"].items()) {
    INFO(name);
    CHECK(distance(run.weights.at(name), expected.at(name)) <=
          0.02 * norm.get<double>());
  }
}

TEST_CASE("SFT: one rank reproduces the recorded losses, gradients, weights") {
  const auto& expected = recorded("single_rank");
  const SftRun run = run_sft(sft_case_config(expected), 1, 3).front();
  check_losses(run, expected);
  check_weights(run);
  check_weight_norms(run, expected);
  // The clip scaled the kept gradients by 1 / norm.
  const auto& norms = expected["steps"][0]["grad_norms"];
  const double norm = expected["steps"][0]["grad_norm_before_clip"];
  for (const auto& [name, value] : norms.items()) {
    INFO(name);
    CHECK(run.gradients.at(name).norm().item<double>() * norm ==
          Approx(value.get<double>()).epsilon(1e-3));
  }
}

TEST_CASE("SFT: weight decay without clipping as recorded") {
  const auto& expected = recorded("single_rank_decay_noclip");
  const SftRun run = run_sft(sft_case_config(expected), 1, 3).front();
  check_losses(run, expected);
  check_weight_norms(run, expected);
}

TEST_CASE("SFT: two ranks with per-rank cross-entropy as published") {
  const auto& expected = recorded("two_ranks_official");
  for (const SftRun& run : run_sft(sft_case_config(expected), 2, 3)) {
    check_losses(run, expected);
    check_weight_norms(run, expected);
  }
}

TEST_CASE("SFT: two ranks with the global token mean equal one rank") {
  const auto& expected = recorded("two_ranks_global_token_mean");
  const auto runs = run_sft(sft_case_config(expected), 2, 3);
  for (const SftRun& run : runs) {
    check_losses(run, expected);
    check_weights(run);
  }
  CHECK(hash_weights(runs[0].weights) == hash_weights(runs[1].weights));
  // More ranks than pairs: some have nothing to do.
  const auto many = run_sft(sft_case_config(expected), 5, 3);
  check_losses(many[0], expected);
  CHECK(hash_weights(many[0].weights) == hash_weights(many[4].weights));
}

TEST_CASE("SFT: two runs give the same bits") {
  const SftConfig config = sft_case_config(recorded("single_rank"));
  const auto first = run_sft(config, 2, 2);
  const auto second = run_sft(config, 2, 2);
  CHECK(first[0].steps == second[0].steps);
  CHECK(hash_weights(first[0].weights) == hash_weights(second[1].weights));
}

TEST_CASE("SFT: without InfoNCE no embedding token is needed") {
  SftConfig config = sft_case_config(recorded("single_rank"));
  config.gen_weight = 0.0;
  config.disc_weight = 0.0;
  config.query_weight = 2.0;
  const SftCase& c = sft_case();
  TrainedModel model(c.model, sft_case_weights(),
                     {.vision = true, .merger = true}, config.optimizer);
  const auto one = make_single_collective();
  SftTrainer trainer(model, config, EmbeddingTokens{}, *one);
  const std::vector<std::vector<SftPair>> batches{c.pairs};
  const StepMetrics step = trainer.step(batches, 0);
  const auto& expected = recorded("single_rank")["steps"][0];
  CHECK(step.at("loss") == Approx(2.0 * expected["ce_query"].get<double>() +
                                  expected["ce_target"].get<double>())
                               .margin(3e-4));
  CHECK_FALSE(step.contains("info_nce_gen"));
}

TEST_CASE("SFT: accumulated batches do not share negatives") {
  SftConfig config = sft_case_config(recorded("single_rank"));
  config.batch_pairs = 2;
  config.accumulation = 2;
  config.optimizer.learning_rate = 0.0;
  const SftCase& c = sft_case();
  const auto embeddings = parity_tensors("sft/batch.safetensors");
  TrainedModel model(c.model, sft_case_weights(),
                     {.vision = true, .merger = true}, config.optimizer);
  const auto one = make_single_collective();
  SftTrainer trainer(model, config, c.tokens, *one);
  const std::vector<std::vector<SftPair>> batches{{c.pairs[0], c.pairs[1]},
                                                  {c.pairs[2], c.pairs[3]}};
  const StepMetrics step = trainer.step(batches, 0);
  double gen = 0.0;
  for (int64_t half = 0; half < 2; ++half) {
    gen +=
        info_nce(embeddings.at("query.gen_embedding").narrow(0, 2 * half, 2),
                 embeddings.at("target.gen_embedding").narrow(0, 2 * half, 2),
                 50.0)
            .item<double>() /
        2;
  }
  CHECK(step.at("info_nce_gen") == Approx(gen).margin(1e-4));
  // The cross-entropy is the token mean over both.
  CHECK(step.at("ce_query") ==
        Approx(recorded("single_rank")["steps"][0]["ce_query"].get<double>())
            .margin(1e-4));
}

TEST_CASE("SFT: a step that is not finite leaves the weights alone") {
  SftConfig config = sft_case_config(recorded("single_rank"));
  config.optimizer.max_skipped_steps = 2;
  const SftCase& c = sft_case();
  NamedTensors weights = sft_case_weights();
  weights.at("model.norm.weight")[0] = std::numeric_limits<float>::infinity();
  TrainedModel model(c.model, weights, {.vision = true, .merger = true},
                     config.optimizer);
  const auto one = make_single_collective();
  SftTrainer trainer(model, config, c.tokens, *one);
  const std::vector<std::vector<SftPair>> batches{c.pairs};
  const std::string before = hash_weights(model.parameters().tensors());
  CHECK(trainer.step(batches, 0).at("skipped") == 1.0);
  CHECK(hash_weights(model.parameters().tensors()) == before);
  CHECK_THROWS_AS(trainer.step(batches, 1), InvalidInput);
}

TEST_CASE("SFT: examples that cannot be trained on are refused") {
  const SftCase& c = sft_case();
  std::vector<SftPair> pairs{c.pairs[0]};
  pairs[0].query.labels.pop_back();
  CHECK_THROWS_AS(build_sft_batch(pairs, c.model, nullptr), InvalidInput);
  pairs = {c.pairs[0]};
  const EmbeddingTokens absent{.gen = c.tokens.gen, .disc = 3};
  CHECK_THROWS_WITH(build_sft_batch(pairs, c.model, &absent),
                    Catch::Contains("<disc_emb>"));
  // A cut before the end of the picture.
  CHECK_THROWS_AS(cut_example(pairs[0].query, 4, "record 0"), InvalidInput);
  cut_example(pairs[0].query, 100, "record 0");
  CHECK(pairs[0].query.labels.size() == 100);
}

}  // namespace
}  // namespace ume
