#include "model/token_logprobs.h"

#include <algorithm>

#include "common/error/check.h"
#include "model/layer_ops.h"

namespace ume {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

int64_t rows_per_chunk(int64_t vocab, int64_t chunk_elements) {
  return std::max<int64_t>(1, chunk_elements / vocab);
}

torch::Tensor chunk_logits(const torch::Tensor& hidden,
                           const torch::Tensor& weight) {
  return apply_linear(hidden, weight).to(torch::kFloat32);
}

struct TokenLogprobs : torch::autograd::Function<TokenLogprobs> {
  static torch::Tensor forward(AutogradContext* context,
                               const torch::Tensor& hidden,
                               const torch::Tensor& weight,
                               const torch::Tensor& targets,
                               int64_t chunk_elements) {
    const int64_t num = hidden.size(0);
    const int64_t step = rows_per_chunk(weight.size(0), chunk_elements);
    const auto options = hidden.options().dtype(torch::kFloat32);
    auto normaliser = torch::empty({num}, options);
    auto result = torch::empty({num}, options);
    for (int64_t begin = 0; begin < num; begin += step) {
      const int64_t count = std::min(step, num - begin);
      const auto logits = chunk_logits(hidden.narrow(0, begin, count), weight);
      const auto total = logits.logsumexp(-1);
      const auto chosen =
          logits.gather(1, targets.narrow(0, begin, count).unsqueeze(1));
      normaliser.narrow(0, begin, count).copy_(total);
      result.narrow(0, begin, count).copy_(chosen.squeeze(1) - total);
    }
    context->save_for_backward({hidden, weight, targets, normaliser});
    context->saved_data["step"] = step;
    return result;
  }

  // d logprob / d logits = onehot(target) - softmax.
  static variable_list backward(AutogradContext* context,
                                variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto& [hidden, weight, targets, normaliser] =
        std::tie(saved[0], saved[1], saved[2], saved[3]);
    const int64_t step = context->saved_data["step"].toInt();
    const bool want_hidden = context->needs_input_grad(0);
    const bool want_weight = context->needs_input_grad(1);
    const auto outer = gradients[0].to(torch::kFloat32);
    torch::Tensor to_hidden;
    torch::Tensor to_weight;
    if (want_hidden) to_hidden = torch::empty_like(hidden);
    if (want_weight) to_weight = torch::zeros_like(weight);
    for (int64_t begin = 0; begin < hidden.size(0); begin += step) {
      const int64_t count = std::min(step, hidden.size(0) - begin);
      const auto rows = hidden.narrow(0, begin, count);
      const auto scale = outer.narrow(0, begin, count).unsqueeze(1);
      auto slope = chunk_logits(rows, weight);
      slope.sub_(normaliser.narrow(0, begin, count).unsqueeze(1))
          .exp_()
          .mul_(-scale);
      slope.scatter_add_(1, targets.narrow(0, begin, count).unsqueeze(1),
                         scale);
      slope = slope.to(weight.scalar_type());
      if (want_hidden) {
        to_hidden.narrow(0, begin, count).copy_(torch::matmul(slope, weight));
      }
      if (want_weight) to_weight.addmm_(slope.t(), rows);
    }
    return {to_hidden, to_weight, torch::Tensor(), torch::Tensor()};
  }
};

}  // namespace

torch::Tensor token_logprobs(const torch::Tensor& hidden,
                             const torch::Tensor& weight,
                             const torch::Tensor& targets,
                             int64_t chunk_elements) {
  UME_CHECK(hidden.dim() == 2 && targets.dim() == 1 &&
                hidden.size(0) == targets.size(0),
            "one target for each row");
  return TokenLogprobs::apply(hidden, weight, targets, chunk_elements);
}

}  // namespace ume
