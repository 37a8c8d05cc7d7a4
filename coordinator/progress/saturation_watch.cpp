#include "coordinator/progress/saturation_watch.h"

#include <cstdio>

namespace ume {

std::optional<std::string> SaturationWatch::add(
    const std::map<std::string, double>& metrics, int64_t pairs_per_cohort) {
  const auto share = metrics.find("reward_ranking_at_1");
  if (share == metrics.end()) return std::nullopt;
  if (share->second < kRecovered) told_ = false;
  in_a_row_ = share->second >= kSaturated ? in_a_row_ + 1 : 0;
  if (told_ || in_a_row_ < kUpdates) return std::nullopt;
  told_ = true;
  char text[200];
  std::snprintf(text, sizeof text,
                "the ranking is 1 for %.1f %% of the trajectories since %lld "
                "updates and teaches nothing any more: enlarge the cohort "
                "(grpo.pairs_per_cohort is %lld)",
                100.0 * share->second, static_cast<long long>(in_a_row_),
                static_cast<long long>(pairs_per_cohort));
  return text;
}

}  // namespace ume
