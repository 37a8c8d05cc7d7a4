#include "data/media/media_file.h"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "common/error/error.h"
#include "common/hash/xxh3.h"
#include "tests/support/scratch_folder.h"

namespace ume {
namespace {

using Catch::Matchers::Contains;
namespace fs = std::filesystem;

TEST_CASE("a path names a file or a page of a document") {
  CHECK(parse_media_path("a/b.png").file == "a/b.png");
  CHECK(parse_media_path("a/b.png").page == 0);
  CHECK(parse_media_path("a/b.pdf").page == 0);
  CHECK(parse_media_path("a/B.PDF#page=12").file == "a/B.PDF");
  CHECK(parse_media_path("a/B.PDF#page=12").page == 12);
  // '#' is an ordinary character of other files' names.
  CHECK(parse_media_path("a#page=1.png").file == "a#page=1.png");
  for (const char* bad :
       {"a.pdf#", "a.pdf#page=", "a.pdf#page=0", "a.pdf#page=-1",
        "a.pdf#page=1x", "a.pdf#page=1000001",
        "a.pdf#page=99999999999999999999", "a.pdf#3", "a.pdf#/../b.png"}) {
    CAPTURE(bad);
    CHECK_THROWS_WITH(parse_media_path(bad), Contains("expected 'page='"));
  }
}

TEST_CASE("what is missing, empty, too large or no file is refused") {
  const ScratchFolder folder;
  const fs::path empty = folder.write("empty", "");
  const fs::path five = folder.write("five", "12345");
  const auto read = [](const fs::path& path, int64_t max_bytes) {
    return read_media_file(open_media_file(path), max_bytes);
  };
  CHECK_THROWS_WITH(read(folder / "none", 9), Contains("none: no such file"));
  CHECK_THROWS_WITH(read(empty, 9), Contains("empty: the file is empty"));
  CHECK_THROWS_WITH(read(folder.path(), 9), Contains("not a regular file"));
  CHECK_THROWS_WITH(read(five, 4),
                    Contains("larger than the limit of 4 bytes"));
  CHECK(read(five, 5) == std::vector<uint8_t>{'1', '2', '3', '4', '5'});
  CHECK(hash_media_file(open_media_file(five), 5) == xxh3_hex("12345"));
  CHECK_THROWS_WITH(hash_media_file(open_media_file(five), 4),
                    Contains("larger than the limit"));
}

TEST_CASE("a FIFO or a device in a file's place is refused without waiting") {
  const ScratchFolder folder;
  const fs::path fifo = folder / "a.png";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK_THROWS_WITH(open_media_file(fifo), Contains("not a regular file"));
  CHECK_THROWS_WITH(open_media_file("/dev/zero"),
                    Contains("not a regular file"));
}

TEST_CASE("below a root no symbolic link is followed, wherever it stands") {
  const ScratchFolder folder;
  folder.write("secret", "x");
  folder.write("root/a/in", "x");
  const fs::path root = folder / "root";
  fs::create_directory_symlink("..", root / "up");
  fs::create_symlink("a/in", root / "link");
  CHECK(open_media_file_below(root, "a/in").size == 1);
  CHECK_THROWS_AS(open_media_file_below(root, "up/secret"), InvalidInput);
  CHECK_THROWS_AS(open_media_file_below(root, "link"), InvalidInput);
  CHECK_THROWS_AS(open_media_file_below(root, "a"), InvalidInput);
  CHECK_THROWS_AS(open_media_file_below(root, "none/in"), InvalidInput);
}

TEST_CASE("content tells pictures, documents and the rest apart") {
  const auto content = [](const char* path) {
    return content_of(open_media_file(path));
  };
  CHECK(content("tests/fixtures/pictures/plain.jpg") == MediaContent::kPicture);
  CHECK(content("tests/fixtures/pictures/lossy.webp") ==
        MediaContent::kPicture);
  CHECK(content("tests/fixtures/video/one_page.pdf") ==
        MediaContent::kDocument);
  CHECK(content("tests/fixtures/video/vp9.webm") == MediaContent::kOther);
}

}  // namespace
}  // namespace ume
