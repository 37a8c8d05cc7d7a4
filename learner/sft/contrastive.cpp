#include "learner/sft/contrastive.h"

#include <span>

#include "common/error/check.h"

namespace ume {

torch::Tensor info_nce(const torch::Tensor& queries,
                       const torch::Tensor& targets,
                       double scale) {
  const torch::Tensor logits = torch::matmul(queries, targets.t()) * scale;
  // Both directions share the diagonal: CE = log-sum-exp - diagonal.
  const torch::Tensor rows = logits.logsumexp(1);
  const torch::Tensor columns = logits.logsumexp(0);
  const torch::Tensor own = logits.diagonal();
  return (0.5 * (rows + columns) - own).mean();
}

torch::Tensor gather_rows(const torch::Tensor& own,
                          int64_t first_row,
                          int64_t num_rows,
                          Collective& collective) {
  if (collective.world_size() == 1) {
    UME_CHECK(own.size(1) == num_rows, "one rank holds all rows");
    return own;
  }
  // Zeros plus one rank's values: exact, and ranks may hold unequal shares.
  torch::Tensor all =
      torch::zeros({own.size(0), num_rows, own.size(2)}, torch::kFloat32);
  const int64_t count = own.size(1);
  const int64_t after = first_row + count;
  {
    const torch::NoGradGuard no_grad;
    all.narrow(1, first_row, count).copy_(own);
    collective.all_reduce_sum(std::span<float>(
        all.data_ptr<float>(), static_cast<size_t>(all.numel())));
  }
  return torch::cat({all.narrow(1, 0, first_row), own,
                     all.narrow(1, after, num_rows - after)},
                    1);
}

}  // namespace ume
