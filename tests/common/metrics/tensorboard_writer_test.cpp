#include "common/metrics/tensorboard_writer.h"

#include <catch2/catch.hpp>

#include "common/error/error.h"
#include "common/files/files.h"
#include "tests/support/event_file.h"
#include "tests/support/scratch_folder.h"

using namespace ume;

// The values are of RFC 3720, B.4, and the usual check value.
TEST_CASE("crc32c: is the checksum that TFRecord files have, Castagnoli's") {
  CHECK(crc32c("") == 0);
  CHECK(crc32c("123456789") == 0xe3069283u);
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aau);
  CHECK(crc32c(std::string(32, '\xff')) == 0x62a8ab43u);
}

TEST_CASE("tensorboard: events have TensorFlow's bytes") {
  ScratchFolder folder;
  TensorBoardWriter writer(folder / "tensorboard", 1.5);
  writer.add_scalar("loss", 0.5f, 300, 2.0);
  const auto events = test::event_records(read_file(writer.path()));
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

TEST_CASE("tensorboard: a second writer leaves the first one's file alone") {
  ScratchFolder folder;
  TensorBoardWriter first(folder / "tensorboard", 1.5);
  first.add_scalar("loss", 0.5f, 1, 2.0);
  TensorBoardWriter second(folder / "tensorboard", 1.5);
  second.add_scalar("loss", 0.25f, 2, 3.0);
  CHECK(first.path() != second.path());
  const auto scalars = test::event_scalars(folder / "tensorboard");
  REQUIRE(scalars.size() == 2);
  CHECK(scalars[0].value == 0.5f);
  CHECK(scalars[1].value == 0.25f);
}

TEST_CASE("tensorboard: a folder that cannot be made is an error") {
  CHECK_THROWS_AS(TensorBoardWriter("/proc/none", 1.0), IoError);
}
