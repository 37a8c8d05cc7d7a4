#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "common/collective/collective.h"
#include "common/hash/xxh3.h"
#include "common/random/philox.h"

namespace ume {

// Calls every operation with numbers that depend on the rank, and returns the
// digest of every bit of the results. Equal on all ranks and, by the interface,
// in all implementations.
inline std::string exercise_collective(Collective& ranks) {
  const auto rank = static_cast<uint64_t>(ranks.rank());
  const auto world_size = static_cast<size_t>(ranks.world_size());
  Xxh3Hasher hasher;
  for (size_t size : {0u, 1u, 3u, 1000u, 40'001u}) {
    RandomStream random(7, rank, static_cast<uint32_t>(size));
    std::vector<float> singles(size);
    std::vector<double> doubles(size);
    for (size_t i = 0; i < size; ++i) {
      // Sizes far apart, so that the order of summation shows.
      singles[i] = static_cast<float>(random.normal() * (i % 2 ? 1e6 : 1.0));
      doubles[i] = random.normal() * (i % 3 ? 1e-9 : 1e9);
    }
    std::vector<float> gathered(size * world_size);
    ranks.all_gather(singles, gathered);
    ranks.all_reduce_sum(std::span(singles));
    ranks.all_reduce_sum(std::span(doubles));
    hasher.update(std::as_bytes(std::span(gathered)));
    hasher.update(std::as_bytes(std::span(singles)));
    hasher.update(std::as_bytes(std::span(doubles)));
    for (int root = 0; root < ranks.world_size(); ++root) {
      std::vector<uint64_t> words(size, rank * 1000 + size);
      ranks.broadcast(std::as_writable_bytes(std::span(words)), root);
      hasher.update(std::as_bytes(std::span(words)));
    }
    ranks.barrier();
  }
  hasher.update_u64(ranks.all_equal(5));
  hasher.update_u64(ranks.all_equal(rank));
  return hasher.hex();
}

}  // namespace ume
