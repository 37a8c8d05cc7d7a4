#include "learner/sft/sft_plan.h"

#include "common/error/error.h"
#include "common/random/philox.h"

namespace ume {
namespace {

std::vector<int64_t> in_file_order(const SftDealing& d, int64_t batch) {
  std::vector<int64_t> positions(static_cast<size_t>(d.batch_pairs));
  int64_t next = batch * d.batch_pairs % d.num_records;
  for (int64_t& position : positions) {
    position = next;
    next = next + 1 == d.num_records ? 0 : next + 1;
  }
  return positions;
}

}  // namespace

PairRange rank_share(int64_t num_pairs, int rank, int world_size) {
  return {num_pairs * rank / world_size, num_pairs * (rank + 1) / world_size};
}

void check_dealing(const SftDealing& d, const std::string& file) {
  const int64_t needed = d.order == "file" ? 1 : d.batch_pairs;
  if (d.num_records >= needed) return;
  throw InvalidInput(file + ": expected at least " + std::to_string(needed) +
                     " annotated pairs" +
                     (d.order == "file" ? "" : ", as sft.order is " + d.order) +
                     "; found " + std::to_string(d.num_records));
}

std::vector<int64_t> batch_positions(const SftDealing& d, int64_t batch) {
  if (d.order == "file") return in_file_order(d, batch);
  const int64_t per_epoch = d.num_records / d.batch_pairs;
  const auto epoch = static_cast<uint64_t>(batch / per_epoch);
  const auto at = static_cast<size_t>(batch % per_epoch);
  const bool whole = d.order == "batches";
  const auto order = permutation(
      static_cast<uint64_t>(whole ? per_epoch : d.num_records), d.seed, epoch);
  std::vector<int64_t> positions(static_cast<size_t>(d.batch_pairs));
  for (size_t i = 0; i < positions.size(); ++i) {
    positions[i] =
        static_cast<int64_t>(whole ? order[at] * positions.size() + i
                                   : order[at * positions.size() + i]);
  }
  return positions;
}

}  // namespace ume
