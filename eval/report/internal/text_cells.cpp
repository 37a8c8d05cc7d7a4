#include "eval/report/internal/text_cells.h"

#include <cstdarg>
#include <cstdio>

namespace ume::text_cells {
namespace {

// Columns taken in a terminal: code points, without control characters.
size_t width(const std::string& text) {
  size_t count = 0;
  for (const char c : text) count += (c & 0xc0) != 0x80;
  return count;
}

}  // namespace

std::string format(const char* pattern, ...) {
  char buffer[256];
  va_list arguments;
  va_start(arguments, pattern);
  std::vsnprintf(buffer, sizeof(buffer), pattern, arguments);
  va_end(arguments);
  return buffer;
}

std::string cell(const std::string& text, size_t columns) {
  const size_t used = width(text);
  return text + std::string(used < columns ? columns - used : 0, ' ');
}

std::string printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return text;
}

std::string with_interval(const Estimate& e) {
  return format("%.3f [%.3f, %.3f]", e.mean, e.low, e.high);
}

std::string signed_interval(const Estimate& e) {
  return format("%+.3f [%+.3f, %+.3f]", e.mean, e.low, e.high);
}

}  // namespace ume::text_cells
