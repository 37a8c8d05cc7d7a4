#include "launch/number_checks.h"

#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "common/text/printable.h"

namespace ume {
namespace {

constexpr double kLeastTemperature = 1e-6;

// All of the text is the number, and the type holds it.
template <class T>
std::optional<T> parse_number(const std::string& text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end) return std::nullopt;
  return value;
}

std::optional<double> parse_finite(const std::string& text) {
  const std::optional<double> value = parse_number<double>(text);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

// CLI11's answer of a check: empty where the text is as expected.
std::string answer(bool holds,
                   const std::string& expected,
                   const std::string& text) {
  if (holds) return "";
  return "expected " + expected + ", found " + printable(text, 64);
}

}  // namespace

CLI::Validator whole_number(uint64_t least, uint64_t most) {
  std::string range = std::to_string(least) + " to " + std::to_string(most);
  const auto check = [=](const std::string& text) {
    const std::optional<uint64_t> value = parse_number<uint64_t>(text);
    const bool is_plain = text.size() == 1 || !text.starts_with('0');
    return answer(value && is_plain && *value >= least && *value <= most,
                  "a whole number from " + range, text);
  };
  // Of a seed, say, the bound is no news.
  constexpr auto kNoBound =
      static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
  return CLI::Validator(check, most < kNoBound ? range : "");
}

CLI::Validator finite_number(double least, double most) {
  std::string range = short_number(least) + " to " + short_number(most);
  const auto check = [=](const std::string& text) {
    const std::optional<double> value = parse_finite(text);
    return answer(value && *value >= least && *value <= most,
                  "a number from " + range, text);
  };
  return CLI::Validator(check, range);
}

CLI::Validator sampling_temperature() {
  const auto check = [](const std::string& text) {
    const std::optional<double> value = parse_finite(text);
    return answer(value && (*value == 0 || *value >= kLeastTemperature),
                  "0 or a number from 1e-06 on", text);
  };
  return CLI::Validator(check, "");
}

}  // namespace ume
