#pragma once

#include <cstdint>
#include <string>
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

// How the records of a training file are dealt to contrastive batches.
struct SftDealing {
  // file: in the file's order, starting again after the last record.
  // batches: the file is cut into batches of batch_pairs records in a row,
  // which stay whole; every epoch takes them in another order.
  // records: every epoch deals all records in another order.
  // The last two draw from (seed, epoch); records at the end of an epoch that
  // do not fill a batch are left out of it.
  std::string order = "file";
  int64_t batch_pairs = 1;
  int64_t num_records = 1;
  uint64_t seed = 0;
};

// Throws InvalidInput, naming the file, when its records do not fill what the
// order needs: one record, or one batch for the orders that are drawn.
void check_dealing(const SftDealing& dealing, const std::string& file);

// Positions in the data file of contrastive batch `batch` (0-based over the
// whole phase), in order: [batch_pairs]. A pure function of its arguments;
// check_dealing holds.
std::vector<int64_t> batch_positions(const SftDealing& dealing, int64_t batch);

}  // namespace ume
