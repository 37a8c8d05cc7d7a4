#include "common/files/line_reader.h"

#include <catch2/catch.hpp>
#include <sstream>
#include <vector>

#include "common/error/error.h"

namespace ume {
namespace {

std::vector<std::string> lines_of(const std::string& text,
                                  size_t max_line_bytes = 1u << 20) {
  std::istringstream stream(text);
  LineReader reader(stream, "F", max_line_bytes);
  std::vector<std::string> lines;
  while (const auto line = reader.next()) {
    CHECK(line->number == lines.size() + 1);
    lines.push_back(line->is_too_long ? "too long" : std::string(line->text));
  }
  return lines;
}

TEST_CASE("a line ends at a newline or with the stream") {
  using Lines = std::vector<std::string>;
  CHECK(lines_of("") == Lines{});
  CHECK(lines_of("\n") == Lines{""});
  CHECK(lines_of("a\n\nb") == Lines{"a", "", "b"});
  CHECK(lines_of("a\nb\n") == Lines{"a", "b"});
  CHECK(lines_of(std::string("a\0b\n", 4)) == Lines{std::string("a\0b", 3)});
}

TEST_CASE("a line of any length near the buffer's is read whole") {
  for (const size_t size : {65534u, 65535u, 65536u, 131069u, 131070u}) {
    CAPTURE(size);
    const std::string text(size, 'x');
    CHECK(lines_of(text + "\ny\n") == std::vector<std::string>{text, "y"});
    CHECK(lines_of(text) == std::vector<std::string>{text});
  }
}

TEST_CASE("a line over the limit is skipped, the next one is read") {
  CHECK(lines_of("abc\nabcd\n" + std::string(1 << 20, 'x') + "\nabc", 3) ==
        std::vector<std::string>{"abc", "too long", "too long", "abc"});
}

TEST_CASE("a stream that breaks is an error, not an end") {
  std::istringstream stream("a\nb\n");
  LineReader reader(stream, "records.jsonl", 10);
  REQUIRE(reader.next());
  stream.setstate(std::ios::badbit);
  CHECK_THROWS_WITH(reader.next(), Catch::Contains("records.jsonl"));
}

}  // namespace
}  // namespace ume
