#include "common/hash/xxh3.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "common/error/error.h"
#include "tests/support/scratch_folder.h"

using namespace ume;

// Expected values as `xxh128sum` of Debian's xxhash 0.8.1 prints them.
TEST_CASE("xxh3: known answers of the reference tool") {
  CHECK(xxh3_hex("") == "99aa06d3014798d86001c324468d497f");
  CHECK(xxh3_hex("abc") == "06b05ab6733a618578af5f94892f3950");
}

TEST_CASE("xxh3: pieces hash like the whole") {
  std::string text(100'000, 'x');
  for (size_t i = 0; i < text.size(); ++i) {
    text[i] = static_cast<char>(i * 31 % 251);
  }
  Xxh3Hasher hasher;
  for (size_t i = 0; i < text.size(); i += 777) {
    hasher.update(std::string_view(text).substr(i, 777));
  }
  CHECK(hasher.hex() == xxh3_hex(text));
}

TEST_CASE("xxh3: fields keep their borders and numbers their byte order") {
  CHECK(Xxh3Hasher().update_field("ab").update_field("c").hex() !=
        Xxh3Hasher().update_field("a").update_field("bc").hex());
  CHECK(Xxh3Hasher().update_u64(0x6463626130303030ULL).hex() ==
        xxh3_hex("0000abcd"));
}

TEST_CASE("xxh3: a file hashes like its content, a missing one is an error") {
  ScratchFolder folder;
  const std::string path = folder / "data";
  std::ofstream(path) << "abc";
  CHECK(xxh3_hex_of_file(path) == xxh3_hex("abc"));
  CHECK_THROWS_AS(xxh3_hex_of_file(folder / "none"), IoError);
}
