#include "learner/trained_model.h"

#include <span>
#include <utility>

namespace ume {

TrainedModel::TrainedModel(const ModelConfig& config,
                           NamedTensors weights,
                           const FreezeOptions& freeze,
                           const OptimizerConfig& optimizer)
    : freeze_(freeze),
      config_(optimizer),
      parameters_(std::move(weights),
                  [&](const std::string& name) {
                    return is_trainable(name, freeze.vision, freeze.merger);
                  }),
      model_(config, parameters_.tensors()),
      optimizer_(parameters_, optimizer),
      guard_(optimizer.max_skipped_steps) {}

StepOutcome TrainedModel::apply_gradients(int64_t step,
                                          double learning_rate,
                                          double loss,
                                          Collective& collective) {
  torch::Tensor& gradients = parameters_.gradients();
  collective.all_reduce_sum(std::span<float>(
      gradients.data_ptr<float>(), static_cast<size_t>(gradients.numel())));
  StepOutcome outcome;
  outcome.gradient_norm = global_norm(gradients);
  outcome.skipped = !guard_.admit(step, loss, outcome.gradient_norm);
  if (outcome.skipped) return outcome;
  const double factor = clip_factor(outcome.gradient_norm, config_.clip_norm);
  if (factor < 1.0) gradients.mul_(factor);
  optimizer_.step(learning_rate);
  return outcome;
}

}  // namespace ume
