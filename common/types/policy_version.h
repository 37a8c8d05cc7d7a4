#pragma once

#include <compare>
#include <cstdint>
#include <string>

namespace ume {

// Names one set of weights: the learner incarnation that published it and the
// number of updates it has seen since the run began. Ordered by update first,
// so that a replayed update of a later incarnation is the newer one.
struct PolicyVersion {
  uint64_t update = 0;
  uint32_t incarnation = 0;
  auto operator<=>(const PolicyVersion&) const = default;
};

// Where the weights of one version can be had (docs/formats/weights.md).
struct WeightManifest {
  PolicyVersion version;
  std::string channel;  // "shm" or "memory"
  std::string address;  // meaning depends on the channel
  uint64_t num_bytes = 0;
  std::string hash;  // XXH3-128 of all tensors, hex
  bool operator==(const WeightManifest&) const = default;
};

}  // namespace ume
