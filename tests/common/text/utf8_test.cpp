#include "common/text/utf8.h"

#include <catch2/catch.hpp>

using namespace ume;

TEST_CASE("replace_invalid_utf8: one U+FFFD per maximal invalid prefix") {
  const std::string fffd = "\xEF\xBF\xBD";
  // Unicode 15, table 3-8: 61 F1 80 80 E1 80 C2 62 80 63 80 BF 64
  CHECK(replace_invalid_utf8("a\xF1\x80\x80\xE1\x80\xC2"
                             "b\x80"
                             "c\x80\xBF"
                             "d") ==
        "a" + fffd + fffd + fffd + "b" + fffd + "c" + fffd + fffd + "d");
  // A surrogate, an overlong form and a value past U+10FFFF: each byte alone.
  CHECK(replace_invalid_utf8("\xED\xA0\x80") == fffd + fffd + fffd);
  CHECK(replace_invalid_utf8("\xC0\xAF") == fffd + fffd);
  CHECK(replace_invalid_utf8("\xF4\x90\x80\x80") == fffd + fffd + fffd + fffd);
}

TEST_CASE("replace_invalid_utf8: valid text is unchanged, U+0000 included") {
  const std::string text = std::string("a\0b", 3) +
                           "\xC3\xA9\xE6\xBC\xA2"
                           "\xF0\x9F\x98\x80";
  CHECK(is_valid_utf8(text));
  CHECK(replace_invalid_utf8(text) == text);
}

TEST_CASE("append_utf8: is the inverse of next_utf8 for every scalar value") {
  for (uint32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c <= 0xDFFF) continue;
    std::string text;
    append_utf8(text, c);
    const Utf8Char back = next_utf8(text, 0);
    if (back.code_point != c || back.size != text.size() || !back.valid) {
      FAIL("code point " << c);
    }
  }
}

TEST_CASE("utf8: a text is cut between two characters, and is text after it") {
  CHECK(shortened_utf8("abc", 3) == "abc");
  CHECK(shortened_utf8("abcd", 3) == "abc");
  CHECK(shortened_utf8("é", 1).empty());
  CHECK(shortened_utf8("aé€", 3) == "aé");
  CHECK(shortened_utf8("aé€", 5) == "aé");
  CHECK(shortened_utf8("aé€", 6) == "aé€");
  CHECK(shortened_utf8("\xff", 3) == "\xEF\xBF\xBD");
  CHECK(shortened_utf8("\xff\xff", 4) == "\xEF\xBF\xBD");
  for (size_t most = 0; most < 12; ++most) {
    const std::string cut =
        shortened_utf8("a\xf0\x9f\x98\x80\xff€\xe2\x82", most);
    CHECK(cut.size() <= most);
    CHECK(is_valid_utf8(cut));
  }
}
