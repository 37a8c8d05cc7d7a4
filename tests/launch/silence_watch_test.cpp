#include "launch/run/silence_watch.h"

#include <catch2/catch.hpp>

namespace ume {
namespace {

TEST_CASE("silence watch: no answer for too long, and any answer ends it") {
  SilenceWatch watch(30.0, 10.0);
  CHECK_FALSE(watch.too_long(true, 1000.0));
  for (int i = 1; i <= 10; ++i) {
    CHECK_FALSE(watch.too_long(false, 1000.0 + 3.0 * i));
  }
  CHECK_FALSE(watch.too_long(true, 1032.0));
  for (int i = 1; i <= 10; ++i) {
    CHECK_FALSE(watch.too_long(false, 1032.0 + 3.0 * i));
  }
  CHECK(watch.too_long(false, 1065.0));
}

TEST_CASE("silence watch: a start may take longer") {
  SilenceWatch watch(3.0, 10.0);
  CHECK_FALSE(watch.too_long(true, 100.0));
  CHECK(watch.too_long(false, 104.0));
  watch.started();
  CHECK_FALSE(watch.too_long(false, 108.0));
  CHECK_FALSE(watch.too_long(false, 112.0));
  CHECK_FALSE(watch.too_long(false, 116.0));
  CHECK(watch.too_long(false, 120.0));
}

TEST_CASE("silence watch: an asker that stood still has not waited") {
  SilenceWatch watch(30.0, 0.0);
  CHECK_FALSE(watch.too_long(true, 100.0));
  CHECK_FALSE(watch.too_long(false, 100'000.0));
  CHECK_FALSE(watch.too_long(true, 100'001.0));
}

}  // namespace
}  // namespace ume
