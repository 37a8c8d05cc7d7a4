#include "learner/sft_plan.h"

namespace ume {

PairRange rank_share(int64_t num_pairs, int rank, int world_size) {
  return {num_pairs * rank / world_size, num_pairs * (rank + 1) / world_size};
}

std::vector<int64_t> batch_positions(int64_t batch,
                                     int64_t num_pairs,
                                     int64_t data_size) {
  std::vector<int64_t> positions(static_cast<size_t>(num_pairs));
  int64_t next = batch * num_pairs % data_size;
  for (int64_t& position : positions) {
    position = next;
    next = next + 1 == data_size ? 0 : next + 1;
  }
  return positions;
}

}  // namespace ume
