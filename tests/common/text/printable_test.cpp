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

TEST_CASE("printable: what is long is cut between characters") {
  CHECK(printable(std::string(200, 'a')) == std::string(200, 'a'));
  CHECK(printable(std::string(201, 'a')) == std::string(200, 'a') + "…");
  CHECK(printable("äöü", 4) == "äö…");
  CHECK(printable("äöü", 5) == "äö…");
  CHECK(printable("äöü", 6) == "äöü");
}
