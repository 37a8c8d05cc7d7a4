#include "learner/grpo/grpo.h"

#include <array>
#include <catch2/catch.hpp>
#include <functional>
#include <limits>
#include <nlohmann/json.hpp>

#include "common/collective/thread_collective.h"
#include "common/error/error.h"
#include "learner/checkpoint/weight_list.h"
#include "tests/learner/grpo_cases.h"

namespace ume {
namespace {

void check_steps(const GrpoRun& run, const nlohmann::json& expected) {
  REQUIRE(run.steps.size() == expected["steps"].size());
  for (size_t s = 0; s < run.steps.size(); ++s) {
    INFO("step " << s);
    const auto& step = expected["steps"][s];
    const StepMetrics& got = run.steps[s];
    const double margin = s == 0 ? 1e-5 : 1e-4;
    for (const std::string side : {"query", "target"}) {
      INFO(side);
      const auto value = [&](const std::string& name) {
        return step[side + "_" + name].get<double>();
      };
      CHECK(got.at(side + "/loss") == Approx(value("loss")).margin(margin));
      CHECK(got.at(side + "/kl") ==
            Approx(value("kl")).epsilon(1e-3).margin(margin));
      CHECK(got.at(side + "/clip_ratio") ==
            Approx(value("clip_ratio_official")).margin(1e-6));
      CHECK(got.at(side + "/clip_fraction_active") ==
            Approx(value("clip_fraction_active")).margin(1e-6));
    }
    CHECK(got.at("loss") == Approx(step["loss"].get<double>()).margin(margin));
    CHECK(got.at("grad_norm") ==
          Approx(step["grad_norm_before_clip"].get<double>()).epsilon(1e-3));
  }
}

void check_weight_norms(const GrpoRun& run, const nlohmann::json& expected) {
  for (const auto& [name, norm] : expected["final_weight_norms"].items()) {
    INFO(name);
    CHECK(run.weights.at(name).norm().item<double>() ==
          Approx(norm.get<double>()).epsilon(1e-5));
  }
}

void check_weights(const GrpoRun& run) {
  const auto expected =
      parity_tensors("grpo/update_on_policy_final.safetensors");
  const auto& norms = grpo_case().json["on_policy"]["update_norm"];
  for (const auto& [name, norm] : norms.items()) {
    INFO(name);
    CHECK(distance(run.weights.at(name), expected.at(name)) <=
          0.02 * norm.get<double>());
  }
}

// Log-probabilities of all completions with the run's final weights.
void check_final_logprobs(const GrpoRun& run, const std::string& variant) {
  const GrpoCase& c = grpo_case();
  const Qwen2VL model(c.model, run.weights);
  const torch::NoGradGuard no_grad;
  std::vector<PreparedGroup> groups;
  for (size_t i = 0; i < c.prompts.size(); ++i) {
    groups.push_back({&c.slice.groups[i], &c.prompts[i]});
  }
  const std::array<GrpoTotals, 2> totals{GrpoTotals{6, 72}, GrpoTotals{6, 72}};
  const GrpoMicroBatch batch =
      build_micro_batch(groups, c.model, grpo_case_config(), totals);
  const torch::Tensor hidden = forward_batch(model, batch.packed);
  const torch::Tensor got =
      model.token_logprobs(hidden.index_select(0, batch.rows), batch.ids);
  std::vector<torch::Tensor> expected;
  for (const std::string side : {"query", "target"}) {
    expected.push_back(
        c.tensors.at(side + ".logps_after_" + variant)
            .masked_select(
                c.tensors.at(side + ".completion_mask").to(torch::kBool)));
  }
  CHECK((got - torch::cat(expected)).abs().max().item<double>() < 2e-3);
}

TEST_CASE("GRPO: three on-policy updates as recorded") {
  const GrpoRun run = run_grpo(grpo_case_config(), 1, 3).front();
  const auto& expected = grpo_case().json["on_policy"];
  check_steps(run, expected);
  check_weights(run);
  check_weight_norms(run, expected);
  check_final_logprobs(run, "on_policy");
}

TEST_CASE("GRPO: three iterations on the same trajectories as recorded") {
  GrpoConfig config = grpo_case_config();
  config.updates = 1;
  config.num_iterations = 3;
  const auto& expected = grpo_case().json["reuse_old_logps"];
  const GrpoRun run = run_grpo(config, 1, 1).front();
  check_steps(run, expected);
  check_weight_norms(run, expected);
  check_final_logprobs(run, "reuse_old_logps");
}

TEST_CASE("GRPO: the sampler's log-probabilities serve as old ones") {
  // The fixture's are those of the initial model, so the first update agrees
  // with the recomputed ones.
  GrpoConfig config = grpo_case_config();
  config.old_logprob = "sampler";
  const GrpoRun run = run_grpo(config, 1, 1).front();
  const auto& step = grpo_case().json["on_policy"]["steps"][0];
  CHECK(run.steps[0].at("loss") ==
        Approx(step["loss"].get<double>()).margin(1e-5));
  CHECK(run.steps[0].at("sampling_logp_difference/mean") < 1e-4);
}

TEST_CASE("GRPO: micro-batches and ranks do not change the update") {
  GrpoConfig config = grpo_case_config();
  config.micro_batch_tokens = 1;  // every group alone
  const auto& expected = grpo_case().json["on_policy"];
  check_steps(run_grpo(config, 1, 3).front(), expected);
  config.micro_batch_tokens = 400;
  const auto two = run_grpo(config, 2, 3);
  for (const GrpoRun& run : two) {
    check_steps(run, expected);
    check_weights(run);
  }
  CHECK(hash_weights(two[0].weights) == hash_weights(two[1].weights));
  CHECK(two[0].steps == two[1].steps);
  // An empty slice is allowed: five ranks share four groups.
  check_steps(run_grpo(config, 5, 3)[4], expected);
}

TEST_CASE("GRPO: two runs give the same bits") {
  const auto first = run_grpo(grpo_case_config(), 2, 2);
  const auto second = run_grpo(grpo_case_config(), 2, 2);
  CHECK(first[0].steps == second[0].steps);
  CHECK(hash_weights(first[0].weights) == hash_weights(second[0].weights));
}

TEST_CASE("GRPO: metrics of rewards and lengths by hand") {
  GrpoConfig config = grpo_case_config();
  const StepMetrics step = run_grpo(config, 2, 1)[0].steps[0];
  const GrpoCase& c = grpo_case();
  double reward = 0.0;
  double tokens = 0.0;
  for (const TrainGroup& group : c.slice.groups) {
    for (double r : group.rewards) reward += r;
    for (const auto& ids : group.completion_ids) {
      tokens += static_cast<double>(ids.size());
    }
  }
  CHECK(step.at("reward") == Approx(reward / 12));
  CHECK(step.at("completion_tokens") == tokens);
  CHECK(step.at("completions/mean_length") == Approx(tokens / 12));
  CHECK(step.at("frac_reward_zero_std") >= 0.0);
  CHECK(step.at("kl") == Approx(0.0).margin(1e-6));
}

TEST_CASE("GRPO: equal rewards without a KL term leave the weights alone") {
  GrpoCase c = grpo_case();
  for (TrainGroup& group : c.slice.groups) {
    group.rewards.assign(group.rewards.size(), 0.7);
  }
  GrpoConfig config = grpo_case_config();
  config.beta = 0.0;
  TrainedModel policy(c.model, grpo_case_weights(), {}, config.optimizer);
  const auto one = make_single_collective();
  GrpoTrainer trainer(policy, nullptr, config, *one);
  const std::string before = hash_weights(policy.parameters().tensors());
  const StepMetrics step = trainer.update(c.slice, c.prompts, 0).front();
  CHECK(step.at("frac_reward_zero_std") == 1.0);
  CHECK(step.at("grad_norm") == 0.0);
  CHECK(hash_weights(policy.parameters().tensors()) == before);
}

TEST_CASE("GRPO: groups that do not fit together are refused by name") {
  const GrpoCase& c = grpo_case();
  const int64_t vocab = c.model.vocab_size;
  const auto refusal = [&](const std::function<void(TrainGroup&)>& damage) {
    TrainGroup group = c.slice.groups[1];
    damage(group);
    try {
      check_group({&group, &c.prompts[1]}, vocab);
    } catch (const InvalidInput& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  CHECK(refusal([](TrainGroup&) {}) == "accepted");
  CHECK_THAT(refusal([](TrainGroup& g) { g.prompt_digest = "other"; }),
             Catch::Contains("query of pair 1") && Catch::Contains("digest"));
  CHECK_THAT(refusal([](TrainGroup& g) { g.rewards.pop_back(); }),
             Catch::Contains("rewards"));
  CHECK_THAT(refusal([](TrainGroup& g) {
               g.rewards[0] = std::numeric_limits<double>::quiet_NaN();
             }),
             Catch::Contains("finite"));
  CHECK_THAT(refusal([](TrainGroup& g) { g.completion_ids[0].clear(); }),
             Catch::Contains("empty"));
  CHECK_THAT(refusal([&](TrainGroup& g) { g.completion_ids[2][0] = vocab; }),
             Catch::Contains("id below"));
  CHECK_THAT(refusal([](TrainGroup& g) { g.logprobs[0].pop_back(); }),
             Catch::Contains("log-probabilities"));
  CHECK_THAT(refusal([](TrainGroup& g) { g.logprobs[0][0] = 0.5f; }),
             Catch::Contains("<= 0"));
  CHECK_THAT(refusal([](TrainGroup& g) { g.completion_ids.resize(1); }),
             Catch::Contains("at least 2"));
}

TEST_CASE("plan_micro_batches: consecutive groups within the budget") {
  PreparedPrompt prompt;
  prompt.ids.assign(10, 1);
  TrainGroup group;
  group.completion_ids = {{1, 2, 3}, {1, 2}};  // 15 tokens with the prompt
  const std::vector<PreparedGroup> groups(5, {&group, &prompt});
  const auto ranges = plan_micro_batches(groups, 31);
  REQUIRE(ranges.size() == 3);
  CHECK(ranges[0].end == 2);
  CHECK(ranges[2].begin == 4);
  CHECK(plan_micro_batches(groups, 14).size() == 5);
  CHECK(plan_micro_batches({}, 14).empty());
}

}  // namespace
}  // namespace ume
