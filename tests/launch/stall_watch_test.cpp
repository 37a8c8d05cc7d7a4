#include "launch/stall_watch.h"

#include <catch2/catch.hpp>

namespace ume {
namespace {

TEST_CASE("stall watch: what keeps falling may take as long as it likes") {
  StallWatch watch(60.0);
  int64_t left = 50;
  for (double now = 0.0; left > 0; now += 50.0) {
    CHECK_FALSE(watch.stalled(left, now));
    --left;
  }
}

TEST_CASE("stall watch: what stands still, or grows, has stalled") {
  StallWatch watch(60.0);
  CHECK_FALSE(watch.stalled(5, 1000.0));
  CHECK_FALSE(watch.stalled(4, 1030.0));
  CHECK_FALSE(watch.stalled(4, 1090.0));
  CHECK(watch.stalled(4, 1091.0));
  CHECK(watch.stalled(5, 1092.0));
  CHECK_FALSE(watch.stalled(4, 1093.0));
}

}  // namespace
}  // namespace ume
