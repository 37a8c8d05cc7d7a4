#pragma once

#include <cstdint>
#include <vector>

namespace ume {

// Pairs [begin, end) of a contrastive batch.
struct PairRange {
  int64_t begin = 0;
  int64_t end = 0;
  int64_t size() const { return end - begin; }
  bool operator==(const PairRange&) const = default;
};

// The share of `rank` in a batch of `num_pairs`: contiguous, shares differ by
// one at most and may be empty. The same batch whatever the number of ranks.
PairRange rank_share(int64_t num_pairs, int rank, int world_size);

// Positions in the data file of contrastive batch `batch` (0-based over the
// whole phase), in order: file order, starting again after the last record.
// data_size > 0.
std::vector<int64_t> batch_positions(int64_t batch,
                                     int64_t num_pairs,
                                     int64_t data_size);

}  // namespace ume
