#pragma once

#include <optional>
#include <string>
#include <utility>

#include "common/weights/weight_claim.h"

namespace ume {

// A run's published weights on this host, for as long as `ume train` runs: what
// killed runs have left goes at its beginning, its own at its end, also when
// that is an exception.
class RunWeights {
 public:
  RunWeights(std::string folder, std::string run_id)
      : folder_(std::move(folder)), run_id_(std::move(run_id)) {
    remove_unclaimed_shm_weights(folder_);
    claim_.emplace(folder_, run_id_);
  }
  // To be called when the roles have ended.
  ~RunWeights() { remove_shm_weights(folder_, run_id_); }
  RunWeights(const RunWeights&) = delete;
  RunWeights& operator=(const RunWeights&) = delete;

 private:
  const std::string folder_;
  const std::string run_id_;
  std::optional<WeightClaim> claim_;
};

}  // namespace ume
