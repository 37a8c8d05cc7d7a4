#include "common/metrics/tensorboard_writer.h"

#include <catch2/catch.hpp>
#include <cstring>

#include "common/error/error.h"
#include "common/files/files.h"
#include "tests/support/scratch_folder.h"

using namespace ume;

namespace {

template <class Number>
Number number_at(const std::string& bytes, size_t offset) {
  Number value{};
  REQUIRE(offset + sizeof(value) <= bytes.size());
  std::memcpy(&value, bytes.data() + offset, sizeof(value));
  return value;
}

uint32_t masked(const std::string& bytes) {
  const uint32_t crc = crc32c(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

// The data of each record, after a check of both checksums.
std::vector<std::string> records(const std::string& bytes) {
  std::vector<std::string> all;
  size_t offset = 0;
  while (offset < bytes.size()) {
    const auto length = number_at<uint64_t>(bytes, offset);
    CHECK(number_at<uint32_t>(bytes, offset + 8) ==
          masked(bytes.substr(offset, 8)));
    all.push_back(bytes.substr(offset + 12, length));
    CHECK(number_at<uint32_t>(bytes, offset + 12 + length) ==
          masked(all.back()));
    offset += 16 + length;
  }
  return all;
}

}  // namespace

// RFC 3720, B.4, and the usual check value.
TEST_CASE("crc32c: known answers") {
  CHECK(crc32c("") == 0);
  CHECK(crc32c("123456789") == 0xe3069283u);
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aau);
  CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43u);
}

TEST_CASE("tensorboard: events have TensorFlow's bytes") {
  ScratchFolder folder;
  TensorBoardWriter writer(folder / "tensorboard", 1.5);
  writer.add_scalar("loss", 0.5f, 300, 2.0);
  const auto events = records(read_file(writer.path()));
  REQUIRE(events.size() == 2);
  // By hand: wall_time 1.5 = 0x3ff8…, step 0, file_version.
  CHECK(events[0] == std::string("\x09\0\0\0\0\0\0\xf8\x3f\x10\0\x1a\x0d"
                                 "brain.Event:2",
                                 26));
  // wall_time 2.0, step 300 = 0xac 0x02, summary of 13 bytes: value of 11
  // bytes: tag "loss", simple_value 0.5 = 0x3f000000.
  CHECK(events[1] == std::string("\x09\0\0\0\0\0\0\0\x40\x10\xac\x02"
                                 "\x2a\x0d\x0a\x0b\x0a\x04loss\x15\0\0\0\x3f",
                                 27));
}

TEST_CASE("tensorboard: a folder that cannot be made is an error") {
  CHECK_THROWS_AS(TensorBoardWriter("/proc/none", 1.0), IoError);
}
