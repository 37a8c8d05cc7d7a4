#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "common/types/sampling.h"

namespace ume {

// Philox4x32-10: 128 random bits as a pure function of a 128-bit counter and a
// 64-bit key. Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as
// easy as 1, 2, 3", SC 2011.
std::array<uint32_t, 4> philox4x32(const std::array<uint32_t, 4>& counter,
                                   const std::array<uint32_t, 2>& key);

// The draw in [0, 1), 53 bits, that chooses the token at `token_position` of
// the trajectory that `key` names. Depends on nothing else.
// key.side < 256, key.sample < 2^24, key.redraw < 2^12, token_position < 2^20
// (else InvalidInput).
double uniform(const SampleKey& key, uint64_t token_position);

// A sequence of random numbers named by (seed, stream, substream): the same
// three give the same sequence, different ones independent sequences.
class RandomStream {
 public:
  explicit RandomStream(uint64_t seed,
                        uint64_t stream = 0,
                        uint32_t substream = 0);
  uint64_t next_u64();
  // In [0, 1), 53 bits.
  double uniform();
  // In [0, limit), each equally likely; limit > 0.
  uint64_t below(uint64_t limit);
  // Standard normal.
  double normal();

  // A Fisher-Yates permutation of the items.
  template <class T>
  void shuffle(std::span<T> items) {
    for (size_t i = items.size(); i > 1; --i) {
      std::swap(items[i - 1], items[below(i)]);
    }
  }

 private:
  std::array<uint32_t, 2> key_;
  uint64_t stream_;
  uint32_t substream_;
  uint32_t block_ = 0;
  std::array<uint32_t, 4> bits_{};
  int words_left_ = 0;
};

// The numbers 0 .. size-1 in the order of epoch `epoch`.
std::vector<uint64_t> permutation(uint64_t size, uint64_t seed, uint64_t epoch);

}  // namespace ume
