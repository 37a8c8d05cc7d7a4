#include "launch/run/role_process.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

#include "common/error/error.h"
#include "tests/support/scratch_folder.h"

namespace ume {
namespace {

ChildExit exited(int code) {
  return {code, 0};
}
ChildExit killed(int signal) {
  return {0, signal};
}

TEST_CASE("a role that was killed is started again, later each time") {
  CHECK(decide_about_exit(killed(9), 0, 5).verdict == RoleVerdict::kRestart);
  CHECK(decide_about_exit(killed(9), 0, 5).delay_seconds == Approx(0.2));
  CHECK(decide_about_exit(killed(9), 3, 5).delay_seconds == Approx(1.6));
  CHECK(decide_about_exit(killed(9), 40, 5).delay_seconds == Approx(10.0));
}

TEST_CASE("errors that would come again are not tried again") {
  for (const int code : {2, 65, 74, 78, 127}) {
    CHECK(decide_about_exit(exited(code), 0, 5).verdict ==
          RoleVerdict::kGiveUp);
  }
  CHECK(decide_about_exit(exited(69), 0, 5).verdict == RoleVerdict::kRestart);
}

TEST_CASE("a used-up restart budget ends the run") {
  CHECK(decide_about_exit(killed(9), 0, 0).verdict == RoleVerdict::kGiveUp);
}

TEST_CASE("a clean exit is the end of a role's work") {
  CHECK(decide_about_exit(exited(0), 0, 5).verdict == RoleVerdict::kFinished);
}

TEST_CASE("a role that never ends by itself is started again, also after 0") {
  CHECK(decide_about_exit(exited(0), 0, 5, false).verdict ==
        RoleVerdict::kRestart);
  CHECK(decide_about_exit(exited(0), 0, 0, false).verdict ==
        RoleVerdict::kGiveUp);
}

TEST_CASE("a program that does not exist is reported by name") {
  const ChildCommand command{{"/no/such/program"}, {}, ""};
  CHECK_THROWS_WITH(ChildProcess::start(command),
                    Catch::Contains("/no/such/program"));
  CHECK_THROWS_AS(ChildProcess::start(command), Unavailable);
}

TEST_CASE("the run ends with a role's code where that says what went wrong") {
  for (const int code : {2, 65, 69, 74, 78}) {
    CHECK(exited(code).run_code() == static_cast<ExitCode>(code));
  }
  // mpirun's for a killed rank and a missing program; ours for other ends.
  for (const int code : {0, 1, 75, 127, 130, 137, 143, 213}) {
    CHECK(exited(code).run_code() == ExitCode::kFailure);
  }
  CHECK(killed(9).run_code() == ExitCode::kFailure);
}

TEST_CASE("a killed role process comes back with another pid") {
  RoleProcess role("sleeper", [] {
    return ChildCommand{{"sleep", "600"}, {}, ""};
  });
  int64_t restarts_left = 3;
  role.start(0.0);
  const pid_t first = role.pid();
  role.send_signal(9);
  double now = 0.0;
  while ((!role.running() || role.pid() == first) && now < 100.0) {
    role.tend(now, restarts_left);
    now += 0.1;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  CHECK(role.running());
  CHECK(role.pid() != first);
  CHECK(restarts_left == 2);
  role.stop(0.0);
  CHECK_FALSE(role.running());
}

TEST_CASE("a role's log is known from where its newest start began") {
  const ScratchFolder logs;
  const auto path = logs.write("role.log", "an earlier start\n");
  RoleProcess role("role", [&path] {
    return ChildCommand{{"sh", "-c", "echo words"}, {}, path.string()};
  });
  role.start(0.0);
  CHECK(role.log().path == path);
  CHECK(role.log().begin == 17);
  role.stop(60.0);
  CHECK_THAT(last_words(role.log(), role.name()),
             Catch::EndsWith(":\n  words\n"));
}

}  // namespace
}  // namespace ume
