#include "common/config/checks.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "common/config/nearest.h"
#include "common/error/error.h"
#include "common/text/printable.h"

namespace ume {
namespace {

// "a, b or c".
std::string alternatives(const std::vector<std::string>& names) {
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    if (i > 0) text += i + 1 < names.size() ? ", " : " or ";
    text += names[i];
  }
  return text;
}

}  // namespace

std::string ConfigChecks::path(const std::string& name) const {
  return section_.empty() ? name : section_ + "." + name;
}

void ConfigChecks::at_least(const std::string& name,
                            int64_t value,
                            int64_t least) const {
  that(value >= least, name, value, shown(least) + " or more");
}

void ConfigChecks::at_least(const std::string& name,
                            double value,
                            double least) const {
  that(std::isfinite(value) && value >= least, name, value,
       shown(least) + " or more");
}

void ConfigChecks::more_than(const std::string& name,
                             double value,
                             double bound) const {
  that(std::isfinite(value) && value > bound, name, value,
       "more than " + shown(bound));
}

void ConfigChecks::within(const std::string& name,
                          int64_t value,
                          int64_t least,
                          int64_t most) const {
  that(value >= least && value <= most, name, value,
       shown(least) + " to " + shown(most));
}

void ConfigChecks::within(const std::string& name,
                          double value,
                          double least,
                          double most) const {
  that(std::isfinite(value) && value >= least && value <= most, name, value,
       shown(least) + " to " + shown(most));
}

void ConfigChecks::one_of(const std::string& name,
                          const std::string& value,
                          const std::vector<std::string>& names) const {
  if (std::find(names.begin(), names.end(), value) != names.end()) return;
  const std::string nearest = nearest_word(value, names);
  refuse(name, alternatives(names),
         shown(value) +
             (nearest.empty() ? "" : "; did you mean '" + nearest + "'?"));
}

void ConfigChecks::only_with(bool holds,
                             const std::string& name,
                             const std::vector<std::string>& owners,
                             const std::string& found) const {
  if (holds) return;
  refuse(name, "with " + alternatives(owners) + " only", "with " + found);
}

void ConfigChecks::refuse(const std::string& name,
                          const std::string& expected,
                          const std::string& found) const {
  throw ConfigError(path(name) + ": expected " + expected + ", found " + found);
}

std::string ConfigChecks::shown(int64_t value) {
  return std::to_string(value);
}

std::string ConfigChecks::shown(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%g", value);
  return text;
}

std::string ConfigChecks::shown(const std::string& value) {
  return value.empty() ? "nothing" : "'" + printable(value, 64) + "'";
}

std::string ConfigChecks::shown(const std::vector<double>& values) {
  std::string text;
  for (const double value : values) {
    text += (text.empty() ? "" : ", ") + shown(value);
  }
  return "[" + text + "]";
}

}  // namespace ume
