#pragma once

#include <cstdint>

#include "reward/reward_config.h"

namespace ume {

// What a term's weight is multiplied with in update u of its phase (0-based):
//   constant  1
//   step      from for u < begin, then to
//   linear    from + (to - from) * t       with t = (u - begin) / (end - begin)
//   cosine    from + (to - from) * (1 - cos(pi * t)) / 2   cut to [0, 1]
double schedule_factor(const ScheduleConfig& schedule, uint64_t update);

// field: "reward.terms[2].schedule". Throws ConfigError.
void check_schedule(const ScheduleConfig& schedule, const std::string& field);

}  // namespace ume
