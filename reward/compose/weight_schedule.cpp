#include "reward/compose/weight_schedule.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "common/config/nearest.h"
#include "common/error/error.h"

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
  const auto check = [&](bool holds, const char* name,
                         const std::string& what) {
    if (!holds) throw ConfigError(field + "." + name + ": " + what);
  };
  const std::vector<std::string> shapes = {"constant", "linear", "cosine",
                                           "step"};
  if (!std::count(shapes.begin(), shapes.end(), schedule.shape)) {
    const std::string nearest = nearest_word(schedule.shape, shapes);
    check(false, "shape",
          "unknown shape '" + schedule.shape.substr(0, 64) + "'" +
              (nearest.empty() ? "" : "; did you mean '" + nearest + "'?") +
              " Known: constant, linear, cosine, step");
  }
  check(std::isfinite(schedule.from), "from", "expected a finite number");
  check(std::isfinite(schedule.to), "to", "expected a finite number");
  check(schedule.begin >= 0, "begin", "expected 0 or more");
  if (schedule.shape == "linear" || schedule.shape == "cosine") {
    check(schedule.end > schedule.begin, "end", "expected more than begin");
  } else {
    check(schedule.end == 0, "end", "belongs to linear and cosine");
  }
}

}  // namespace ume
