#pragma once

#include <cstdint>

#include "common/collective/collective.h"
#include "kernels/torch.h"

namespace ume {

// Symmetric InfoNCE over one contrastive batch:
//   1/2 [ mean_i CE(s q_i . T, i) + mean_i CE(s t_i . Q, i) ].
// queries, targets: [B, dim], unit rows; row i of each belongs to pair i.
// Returns a scalar with gradients to both.
torch::Tensor info_nce(const torch::Tensor& queries,
                       const torch::Tensor& targets,
                       double scale);

// Rows of all ranks in order, this rank's differentiable, the others constant;
// several matrices at once, to call the collective once.
// own: [num_matrices, rows, dim], rows [first_row, first_row + rows) of each
// result. Returns [num_matrices, num_rows, dim].
//
// info_nce of gathered rows is the same scalar on every rank, and its gradient
// to the own rows is the exact one of the global loss, so parameter gradients
// need only be summed over ranks.
torch::Tensor gather_rows(const torch::Tensor& own,
                          int64_t first_row,
                          int64_t num_rows,
                          Collective& collective);

}  // namespace ume
