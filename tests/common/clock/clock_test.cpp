#include "common/clock/clock.h"

#include <catch2/catch.hpp>

#include "common/clock/deadline.h"
#include "common/error/error.h"

using namespace ume;

TEST_CASE("clock: the system's clock does not go back") {
  SystemClock clock;
  const double first = clock.now_seconds();
  CHECK(clock.now_seconds() >= first);
}

TEST_CASE("deadline: passes while time is left and then names the wait") {
  ManualClock clock(100.0);
  const Deadline deadline(clock, 2.5, "the reply of the coordinator");
  CHECK(deadline.remaining_seconds() == Approx(2.5));
  clock.advance(2.0);
  CHECK_NOTHROW(deadline.check());
  CHECK(deadline.remaining_seconds() == Approx(0.5));
  clock.advance(0.5);
  CHECK(deadline.expired());
  CHECK_THROWS_WITH(deadline.check(),
                    "waited 2.5 s for the reply of the coordinator");
  clock.advance(10.0);
  CHECK(deadline.remaining_seconds() == 0.0);
}
