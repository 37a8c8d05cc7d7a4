#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "common/error/error.h"

namespace ume {

// Rules for the fields of one section of a configuration, for its validate():
//
//   const ConfigChecks check("grpo.optimizer");
//   check.at_least("warmup_steps", warmup_steps, 0);
//   check.that(beta1 >= 0 && beta1 < 1, "beta1", beta1, "a number in [0, 1)");
//
// What breaks a rule throws ConfigError, in the reader's words (config.h):
//
//   grpo.optimizer.beta1: expected a number in [0, 1), found 2
//
// It begins with the field's dotted name, by which validate_as() finds the
// line or the override that set it. A rule for a double also asks for a finite
// one.
class ConfigChecks {
 public:
  // section: its dotted name; empty for the top level.
  explicit ConfigChecks(std::string section) : section_(std::move(section)) {}

  // The dotted name of a field or section within this one.
  std::string path(const std::string& name) const;

  void at_least(const std::string& name, int64_t value, int64_t least) const;
  void at_least(const std::string& name, double value, double least) const;
  void more_than(const std::string& name, double value, double bound) const;
  // Both bounds count.
  void within(const std::string& name,
              int64_t value,
              int64_t least,
              int64_t most) const;
  void within(const std::string& name,
              double value,
              double least,
              double most) const;
  // Offers the nearest of the names.
  void one_of(const std::string& name,
              const std::string& value,
              const std::vector<std::string>& names) const;
  // For a field that means something beside some owners only: holds when it is
  // at its default, or has one of them.
  //   found: what it has instead.
  void only_with(bool holds,
                 const std::string& name,
                 const std::vector<std::string>& owners,
                 const std::string& found) const;
  // Any other rule.
  //   expected: goes on "expected …".
  template <class T>
  void that(bool holds,
            const std::string& name,
            const T& found,
            const std::string& expected) const {
    if (!holds) refuse(name, expected, shown(found));
  }

 private:
  [[noreturn]] void refuse(const std::string& name,
                           const std::string& expected,
                           const std::string& found) const;
  static std::string shown(int64_t value);
  static std::string shown(double value);
  static std::string shown(const std::string& value);  // 'a', or nothing
  static std::string shown(const std::vector<double>& values);

  std::string section_;
};

// Does what needs the file, folder or port that a field names. An Error gets
// the field's dotted name in front: "model.path: /nope: cannot open: …".
template <class Work>
auto naming_field(const std::string& name, Work work) {
  try {
    return work();
  } catch (const Error& error) {
    throw Error(error.code(), name + ": " + error.what());
  }
}

}  // namespace ume
