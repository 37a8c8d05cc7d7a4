#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>

namespace ume {

// Says once when the cohort has become too easy: when every trajectory ranks
// its own pair first, `ranking` is 1 everywhere and teaches nothing any more.
// Hysteresis: it speaks again only after the share has fallen clearly.
class SaturationWatch {
 public:
  // Shares of trajectories whose ranking is 1.
  static constexpr double kSaturated = 0.99;
  static constexpr double kRecovered = 0.9;
  static constexpr int64_t kUpdates = 5;  // in a row

  // metrics: of one update, "reward_ranking_at_1" among them. What to tell
  // people, or nothing.
  std::optional<std::string> add(const std::map<std::string, double>& metrics,
                                 int64_t pairs_per_cohort);

 private:
  int64_t in_a_row_ = 0;
  bool told_ = false;
};

}  // namespace ume
