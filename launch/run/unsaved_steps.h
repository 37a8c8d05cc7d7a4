#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>

namespace ume {

// How many steps a stopped run has done that no checkpoint holds.
class UnsavedSteps {
 public:
  // status: the coordinator's newest (docs/formats/status.md). stopping: the
  // stop was asked for; from then on what was done counts also when a learner
  // that died takes it from the coordinator's count.
  void see(const nlohmann::json& status, bool stopping);

  // 0: the newest checkpoint holds everything.
  int64_t count() const { return done_ > saved_ ? done_ - saved_ : 0; }

 private:
  int64_t done_ = 0;  // over all phases
  int64_t saved_ = 0;
};

}  // namespace ume
