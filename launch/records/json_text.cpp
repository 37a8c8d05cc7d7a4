#include "launch/records/json_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "common/error/error.h"

namespace ume {
namespace {

template <class T>
void append_number(std::string& line, T value) {
  std::array<char, 32> digits;
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  line.append(digits.data(), end);
}

template <class T>
void append_list(std::string& line, std::span<const T> values) {
  line += '[';
  for (size_t i = 0; i < values.size(); ++i) {
    if (i > 0) line += ',';
    append_number(line, values[i]);
  }
  line += ']';
}

}  // namespace

void append_json(std::string& line, std::string_view text) {
  line += nlohmann::json(text).dump(-1, ' ', false,
                                    nlohmann::json::error_handler_t::replace);
}

void append_json(std::string& line, std::span<const int64_t> values) {
  append_list(line, values);
}

void append_json(std::string& line, std::span<const float> values) {
  for (const float value : values) {
    if (std::isfinite(value)) continue;
    throw InvalidInput(
        "a result is not a finite number: the model's weights "
        "overflow or are damaged");
  }
  append_list(line, values);
}

}  // namespace ume
