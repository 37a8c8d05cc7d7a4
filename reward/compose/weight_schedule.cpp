#include "reward/compose/weight_schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "common/config/checks.h"

namespace ume {

double schedule_factor(const ScheduleConfig& schedule, uint64_t update) {
  if (schedule.shape == "constant") return 1.0;
  const double passed =
      static_cast<double>(update) - static_cast<double>(schedule.begin);
  if (schedule.shape == "step") {
    return passed < 0.0 ? schedule.from : schedule.to;
  }
  const double length = static_cast<double>(schedule.end - schedule.begin);
  double t = std::clamp(passed / length, 0.0, 1.0);
  if (t == 1.0) return schedule.to;
  if (schedule.shape == "cosine") {
    t = (1.0 - std::cos(std::numbers::pi * t)) / 2.0;
  }
  return schedule.from + (schedule.to - schedule.from) * t;
}

void check_schedule(const ScheduleConfig& schedule, const std::string& field) {
  const ConfigChecks check(field);
  check.one_of("shape", schedule.shape,
               {"constant", "linear", "cosine", "step"});
  check.that(std::isfinite(schedule.from), "from", schedule.from,
             "a finite number");
  check.that(std::isfinite(schedule.to), "to", schedule.to, "a finite number");
  check.at_least("begin", schedule.begin, 0);
  if (schedule.shape == "linear" || schedule.shape == "cosine") {
    check.that(schedule.end > schedule.begin, "end", schedule.end,
               "more than begin");
  } else {
    check.only_with(schedule.end == 0, "end", {"linear", "cosine"},
                    schedule.shape);
  }
}

}  // namespace ume
