#include "learner/optimizer/adamw.h"

#include <algorithm>
#include <cmath>

namespace ume {

AdamW::AdamW(Parameters& parameters, const OptimizerConfig& config)
    : parameters_(parameters),
      config_(config),
      first_(torch::zeros_like(parameters.values())),
      second_(torch::zeros_like(parameters.values())) {}

void AdamW::step(double learning_rate) {
  ++num_steps_;
  const int64_t decaying = parameters_.num_decaying();
  update_range(0, decaying, learning_rate, config_.weight_decay);
  update_range(decaying, parameters_.values().numel() - decaying, learning_rate,
               0.0);
}

void AdamW::update_range(int64_t begin,
                         int64_t count,
                         double lr,
                         double decay) {
  if (count == 0) return;
  const torch::NoGradGuard no_grad;
  const auto part = [&](torch::Tensor& flat) {
    return std::vector<torch::Tensor>{flat.narrow(0, begin, count)};
  };
  std::vector<torch::Tensor> values = part(parameters_.values());
  std::vector<torch::Tensor> gradients = part(parameters_.gradients());
  std::vector<torch::Tensor> first = part(first_);
  std::vector<torch::Tensor> second = part(second_);
  const torch::Tensor steps =
      torch::full({}, static_cast<float>(num_steps_), torch::kFloat32);
  at::_fused_adamw_(values, gradients, first, second, {}, {steps}, lr,
                    config_.beta1, config_.beta2, decay, config_.epsilon,
                    /*amsgrad=*/false, /*maximize=*/false);
}

double global_norm(const torch::Tensor& flat) {
  // Four partial sums: double precision, and no chain of dependent additions.
  const float* x = flat.const_data_ptr<float>();
  const int64_t count = flat.numel();
  double sums[4] = {0.0, 0.0, 0.0, 0.0};
  int64_t i = 0;
  for (; i + 4 <= count; i += 4) {
    for (int lane = 0; lane < 4; ++lane) {
      const double value = x[i + lane];
      sums[lane] += value * value;
    }
  }
  for (; i < count; ++i) sums[0] += double{x[i]} * double{x[i]};
  return std::sqrt((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

double clip_factor(double norm, double limit) {
  if (limit == 0.0) return 1.0;
  return std::min(1.0, limit / (norm + 1e-6));
}

}  // namespace ume
