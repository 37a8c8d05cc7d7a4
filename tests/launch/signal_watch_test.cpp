#include "launch/run/signal_watch.h"

#include <signal.h>

#include <catch2/catch.hpp>

#include "launch/run/signal_tally.h"

namespace ume {
namespace {

TEST_CASE("signals: only a second SIGINT leaves at once") {
  SignalTally tally;
  CHECK(tally.first() == 0);
  tally.add(SIGUSR1, 0);
  tally.add(SIGTERM, 10'000);
  tally.add(SIGTERM, 20'000);
  tally.add(SIGINT, 30'000);
  CHECK_FALSE(tally.leave_at_once());
  CHECK(tally.first() == SIGUSR1);
  tally.add(SIGINT, 31'000);
  CHECK(tally.leave_at_once());
}

TEST_CASE("signals: a SIGINT delivered several times at once is one") {
  SignalTally tally;
  for (const int64_t ms : {0, 0, 1, 499}) tally.add(SIGINT, ms);
  CHECK_FALSE(tally.leave_at_once());
  // Half a second after the one that counted, not after the last repeat.
  tally.add(SIGINT, 500);
  CHECK(tally.leave_at_once());
}

TEST_CASE("signals: what a process receives, and with what it ends then") {
  {
    const SignalWatch signals;
    CHECK_FALSE(signals.stop_flag());
    raise(SIGINT);
    raise(SIGINT);
    raise(SIGTERM);
    CHECK(signals.stop_flag());
    CHECK(signals.first() == SIGINT);
    CHECK_FALSE(signals.leave_at_once());
    CHECK(signals.orderly_exit() == ExitCode::kInterrupted);
  }
  const SignalWatch signals(OnHangUp::kStop);
  CHECK_FALSE(signals.stop_flag());
  raise(SIGHUP);
  CHECK(signals.stop_flag());
  CHECK(signals.orderly_exit() == ExitCode::kRunAgain);
}

}  // namespace
}  // namespace ume
