#include "common/text/printable.h"

#include <catch2/catch.hpp>

using namespace ume;

TEST_CASE("printable: nothing that a terminal obeys is left") {
  CHECK(printable("a\x1B[2J\nb\x7F") == "a?[2J?b?");
  CHECK(printable("\xC2\x9B"
                  "31m") == "?31m");  // U+009B, one-byte CSI
  CHECK(printable("a\xE2\x80\xAE"
                  "gnp.exe") == "a?gnp.exe");  // U+202E
  CHECK(printable("a\xFF\xC3(") ==
        "a?"
        "?(");
  CHECK(printable(std::string("\0", 1)) == "?");
  CHECK(printable("visual.größe 日本") == "visual.größe 日本");
}

TEST_CASE("printable_message: line breaks stay, nothing else that is obeyed") {
  CHECK(printable_message("a\n\x1B[2Jb\r\tc\n") == "a\n?[2Jb??c\n");
  const std::string path(4096, 'a');
  CHECK(printable_message(path) == path);
  CHECK(printable_message(std::string(1 << 20, 'a')).size() ==
        kMaxShownBytes + std::string("…").size());
}

TEST_CASE("printable: what is long is cut between characters") {
  CHECK(printable(std::string(200, 'a')) == std::string(200, 'a'));
  CHECK(printable(std::string(201, 'a')) == std::string(200, 'a') + "…");
  CHECK(printable("äöü", 4) == "äö…");
  CHECK(printable("äöü", 5) == "äö…");
  CHECK(printable("äöü", 6) == "äöü");
}

TEST_CASE("short_number: no digits that say nothing") {
  CHECK(short_number(60.0) == "60");
  CHECK(short_number(0.25) == "0.25");
  CHECK(short_number(1e7) == "1e+07");
}
