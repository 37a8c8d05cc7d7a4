#include "eval/report/internal/html.h"

#include <cmath>
#include <cstdio>

namespace ume::html {
namespace {

constexpr std::string_view kReplacement = "\xef\xbf\xbd";

// Length of the well-formed UTF-8 sequence at the front, 0 if there is none.
size_t sequence_length(std::string_view s) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(s[i]); };
  const unsigned char lead = byte(0);
  if (lead < 0x80) return 1;
  const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || s.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  // Overlong forms, surrogates and numbers beyond U+10FFFF.
  if (lead == 0xe0 && byte(1) < 0xa0) return 0;
  if (lead == 0xed && byte(1) > 0x9f) return 0;
  if (lead == 0xf0 && byte(1) < 0x90) return 0;
  if (lead == 0xf4 && byte(1) > 0x8f) return 0;
  return length;
}

uint32_t code_point(std::string_view sequence) {
  if (sequence.size() == 1) return static_cast<unsigned char>(sequence[0]);
  uint32_t value =
      static_cast<unsigned char>(sequence[0]) & (0x7fu >> sequence.size());
  for (char c : sequence.substr(1)) {
    value = (value << 6) | (static_cast<unsigned char>(c) & 0x3fu);
  }
  return value;
}

bool is_hidden(uint32_t c) {
  const bool control =
      (c < 0x20 && c != '\n' && c != '\t') || (c >= 0x7f && c < 0xa0);
  const bool reorders = (c >= 0x202a && c <= 0x202e) ||
                        (c >= 0x2066 && c <= 0x2069) || c == 0x200e ||
                        c == 0x200f;
  return control || reorders || (c & 0xfffe) == 0xfffe;
}

std::string_view escaped(char c) {
  switch (c) {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '"':
      return "&quot;";
    case '\'':
      return "&#39;";
    default:
      return {};
  }
}

std::string printed(const char* pattern, double value) {
  char buffer[64];
  std::snprintf(buffer, sizeof(buffer), pattern, value);
  return buffer;
}

}  // namespace

std::string text(std::string_view raw, size_t max_chars) {
  std::string out;
  out.reserve(raw.size() + 16);
  for (size_t shown = 0; !raw.empty(); ++shown) {
    if (shown == max_chars) return out + "…";
    const size_t length = sequence_length(raw);
    const std::string_view sequence = raw.substr(0, length == 0 ? 1 : length);
    if (length == 0 || is_hidden(code_point(sequence))) {
      out += kReplacement;
    } else if (const auto entity = escaped(raw[0]); !entity.empty()) {
      out += entity;
    } else {
      out += sequence;
    }
    raw.remove_prefix(sequence.size());
  }
  return out;
}

std::string number(double value, int decimals) {
  if (!std::isfinite(value)) return "–";
  char buffer[400];
  std::snprintf(buffer, sizeof(buffer), "%.*f", decimals, value);
  std::string out = buffer;
  if (out[0] != '-') return out;
  // "-0.0" says nothing.
  const bool zero = out.find_first_not_of("-0.") == std::string::npos;
  std::string with_sign = zero ? "" : "−";
  return with_sign.append(out, 1);
}

std::string percent(double share, int decimals) {
  return number(100.0 * share, decimals) + "\u00a0%";
}

std::string points(double difference, int decimals) {
  const std::string value = number(100.0 * difference, decimals);
  const bool plain = std::isfinite(difference) && value.rfind("−", 0) != 0;
  std::string out = plain ? "+" : "";
  return out.append(value);
}

std::string interval(const Estimate& e, bool is_signed) {
  std::string out = "[";
  out += is_signed ? points(e.low) : number(100.0 * e.low, 1);
  out += ", ";
  out += is_signed ? points(e.high) : number(100.0 * e.high, 1);
  out += "]";
  return out;
}

std::string count(int64_t value) {
  std::string digits = std::to_string(value);
  const size_t first = digits[0] == '-' ? 1 : 0;
  for (size_t at = digits.size(); at > first + 3;) {
    at -= 3;
    digits.insert(at, 1, ',');
  }
  return digits;
}

std::string duration(double seconds) {
  if (!(seconds >= 0.0) || seconds > 1e9) return "–";
  if (seconds < 10.0) return printed("%.1f s", seconds);
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  if (whole < 60) return std::to_string(whole) + " s";
  char buffer[64];
  if (whole < 3600) {
    std::snprintf(buffer, sizeof(buffer), "%lld min %02lld s",
                  static_cast<long long>(whole / 60),
                  static_cast<long long>(whole % 60));
  } else {
    std::snprintf(buffer, sizeof(buffer), "%lld h %02lld min",
                  static_cast<long long>(whole / 3600),
                  static_cast<long long>(whole % 3600 / 60));
  }
  return buffer;
}

std::string section(std::string_view id,
                    std::string_view heading,
                    const std::string& body) {
  if (body.empty()) return "";
  const std::string name(id);
  return "<section id=\"" + name + "\" aria-labelledby=\"" + name +
         "-h\">\n<h2 id=\"" + name + "-h\">" + text(heading) + "</h2>\n" +
         body + "</section>\n";
}

std::string base64(std::string_view bytes) {
  constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t bits = 0;
    for (size_t j = 0; j < 3; ++j) {
      bits <<= 8;
      if (i + j < bytes.size())
        bits |= static_cast<unsigned char>(bytes[i + j]);
    }
    for (size_t j = 0; j < 4; ++j) {
      const bool padding = i + j > bytes.size();
      out += padding ? '=' : kDigits[(bits >> (18 - 6 * j)) & 63];
    }
  }
  return out;
}

}  // namespace ume::html
