#include "tests/learner/grpo_cases.h"

#include <nlohmann/json.hpp>
#include <thread>

#include "common/collective/thread_collective.h"

namespace ume {
namespace {

constexpr const char* kModel = "model_a_qwen2vl_tied";

template <class T>
std::vector<T> masked_row(const torch::Tensor& values,
                          const torch::Tensor& mask,
                          int64_t row) {
  const torch::Tensor kept = values[row].masked_select(mask[row]);
  const T* data = kept.const_data_ptr<T>();
  return {data, data + kept.numel()};
}

// Group `g` of a side: its rows share prompt and picture.
void append_group(GrpoCase& c, Side side, int64_t g) {
  const std::string name(side_name(side));
  const auto at = [&](const std::string& key) {
    return c.tensors.at(name + "." + key);
  };
  const torch::Tensor prompt_mask = at("prompt_mask").to(torch::kBool);
  const torch::Tensor mask = at("completion_mask").to(torch::kBool);
  const int64_t size = c.json["hyper_parameters"]["num_generations"];
  TrainGroup group;
  group.group = {.dispatch_index = static_cast<uint64_t>(g), .side = side};
  for (int64_t row = g * size; row < (g + 1) * size; ++row) {
    group.completion_ids.push_back(
        masked_row<int64_t>(at("completion_ids"), mask, row));
    // The reference is the initial model, so these are the sampler's too.
    group.logprobs.push_back(masked_row<float>(at("ref_logps"), mask, row));
    group.rewards.push_back(at("rewards")[row].item<double>());
    c.slice.num_trajectories[static_cast<int>(side)] += 1;
    c.slice.num_tokens[static_cast<int>(side)] +=
        static_cast<int64_t>(group.completion_ids.back().size());
  }
  const nlohmann::json& media = c.json["sides"][name];
  const auto pixels = parity_tensors("grpo/update_pixels.safetensors");
  const auto row = static_cast<size_t>(g * size);
  const torch::Tensor grid =
      torch::tensor(media["image_grid_thw"][row].get<std::vector<int64_t>>());
  PreparedPrompt prompt = prompt_of(
      masked_row<int64_t>(at("prompt_ids"), prompt_mask, g * size), c.model,
      {grid}, {pixels.at(media["pixel_values"][row].get<std::string>())});
  prompt.digest = name + std::to_string(g);
  group.prompt_digest = prompt.digest;
  c.prompts.push_back(std::move(prompt));
  c.slice.groups.push_back(std::move(group));
}

GrpoCase load_case() {
  GrpoCase c;
  c.json = parity_json("grpo/update.json");
  c.model = load_model_config(parity_path(kModel));
  c.tensors = parity_tensors("grpo/update.safetensors");
  const int64_t size = c.json["hyper_parameters"]["num_generations"];
  for (Side side : {Side::kQuery, Side::kTarget}) {
    const std::string name(side_name(side));
    const int64_t rows = c.tensors.at(name + ".rewards").size(0);
    for (int64_t g = 0; g * size < rows; ++g) append_group(c, side, g);
  }
  return c;
}

GrpoRun train(const GrpoConfig& config,
              Collective& collective,
              int64_t num_updates) {
  const GrpoCase& c = grpo_case();
  TrainedModel policy(
      c.model, grpo_case_weights(),
      {.vision = config.freeze_vision, .merger = config.freeze_vision},
      config.optimizer);
  const Qwen2VL reference(c.model, grpo_case_weights());
  GrpoTrainer trainer(policy, &reference, config, collective);
  // Whole groups, dealt to the ranks in turn.
  BatchSlice slice = c.slice;
  slice.groups.clear();
  std::vector<PreparedPrompt> prompts;
  for (size_t i = 0; i < c.slice.groups.size(); ++i) {
    if (static_cast<int>(i) % collective.world_size() != collective.rank()) {
      continue;
    }
    slice.groups.push_back(c.slice.groups[i]);
    prompts.push_back(c.prompts[i]);
  }
  GrpoRun run;
  for (int64_t u = 0; u < num_updates; ++u) {
    for (StepMetrics& step : trainer.update(slice, prompts, u)) {
      run.steps.push_back(std::move(step));
    }
  }
  for (const auto& [name, tensor] : policy.parameters().tensors()) {
    run.weights[name] = tensor.detach().clone();
  }
  return run;
}

}  // namespace

const GrpoCase& grpo_case() {
  static const GrpoCase c = load_case();
  return c;
}

NamedTensors grpo_case_weights() {
  return load_weights(parity_path(kModel), grpo_case().model);
}

GrpoConfig grpo_case_config() {
  const nlohmann::json& h = grpo_case().json["hyper_parameters"];
  GrpoConfig config;
  config.updates = 3;
  config.group_size = h["num_generations"];
  config.beta = h["beta"];
  config.eps_low = h["eps_low"];
  config.eps_high = h["eps_high"];
  config.max_completion_tokens = h["max_completion_length"];
  config.optimizer.learning_rate = h["lr"];
  config.optimizer.schedule = "constant";
  config.optimizer.clip_norm = h["max_grad_norm"];
  return config;
}

std::vector<GrpoRun> run_grpo(const GrpoConfig& config,
                              int world_size,
                              int64_t num_updates) {
  auto ranks = make_thread_collectives(world_size);
  std::vector<GrpoRun> runs(static_cast<size_t>(world_size));
  std::vector<std::thread> threads;
  for (int r = 0; r < world_size; ++r) {
    threads.emplace_back(
        [&, r] { runs[r] = train(config, *ranks[r], num_updates); });
  }
  for (std::thread& thread : threads) thread.join();
  return runs;
}

}  // namespace ume
