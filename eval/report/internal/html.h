#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "eval/metrics/bootstrap.h"

// Pieces of HTML that every section uses.
namespace ume::html {

// Text as HTML that shows exactly this text: markup characters escaped; bytes
// that are not UTF-8, control characters and marks that reorder text become
// U+FFFD. Newlines and tabs stay. Longer texts end with an ellipsis after
// max_chars code points.
std::string text(std::string_view raw, size_t max_chars = 4000);

// "0.123"; an en dash for what is not finite.
std::string number(double value, int decimals = 3);
// "12.3 %".
std::string percent(double share, int decimals = 1);
// "+31.2" percentage points, with a true minus sign.
std::string points(double difference, int decimals = 1);
// "[26.0, 36.1]" in percent or points.
std::string interval(const Estimate& e, bool is_signed);
// "1,234,567".
std::string count(int64_t value);
// "1 h 02 min", "3 min 20 s", "12 s".
std::string duration(double seconds);

// `<section>` with a heading; empty when body is.
std::string section(std::string_view id,
                    std::string_view heading,
                    const std::string& body);

std::string base64(std::string_view bytes);

// The page's style sheet.
std::string_view style_sheet();

}  // namespace ume::html
