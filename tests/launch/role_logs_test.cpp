#include "launch/run/role_logs.h"

#include <catch2/catch.hpp>
#include <fstream>

#include "tests/support/scratch_folder.h"

namespace ume {
namespace {

using Catch::Matchers::Contains;

TEST_CASE(
    "role logs: what the role and its program said, not what others print "
    "around it") {
  const ScratchFolder logs;
  const auto path =
      logs.write("learner-0.log",
                 "2026-01-31T12:00:00.001Z info learner-0: begins\n"
                 "ume-engine: config.yaml: not there\n"
                 "2026-01-31T12:00:00.123Z error learner-1: a rank is lost\n"
                 "--------------------------------------------------\n"
                 "MPI_ABORT was invoked on rank 1\n"
                 "2026-01-31T12:00:00.123Z\n");
  CHECK(last_words({path}, "learner") ==
        "last lines of its log " + path.string() +
            ":\n"
            "  2026-01-31T12:00:00.001Z info learner-0: begins\n"
            "  ume-engine: config.yaml: not there\n"
            "  2026-01-31T12:00:00.123Z error learner-1: a rank is lost\n");
}

TEST_CASE("role logs: the newest five lines are shown") {
  const ScratchFolder logs;
  std::string text;
  for (char c = 'a'; c < 'h'; ++c) {
    text += std::string("2026-01-31T12:00:00.123Z info rollout-1: ") + c + "\n";
  }
  const auto path = logs.write("rollout-1.log", text);
  const std::string shown = last_words({path}, "rollout-1");
  CHECK_THAT(shown, !Contains("rollout-1: b\n"));
  CHECK_THAT(shown, Contains("rollout-1: c\n"));
  CHECK_THAT(shown, Catch::EndsWith("rollout-1: g\n"));
}

TEST_CASE("role logs: where the role said nothing, what others said of it") {
  const ScratchFolder logs;
  const auto path =
      logs.write("learner-0.log",
                 "------------------------------------------------\n"
                 "mpirun noticed that process rank 1 exited on signal 9\n"
                 "\n------------------------------------------------\n");
  CHECK(last_words({path}, "learner") ==
        "last lines of its log " + path.string() +
            ":\n  mpirun noticed that process rank 1 exited on signal 9\n");
}

TEST_CASE("role logs: what an earlier start said is not shown as new") {
  const ScratchFolder logs;
  const auto path = logs.write("reward-0.log", "ume: the first failure\n");
  const RoleLog log = log_before_start(path);
  CHECK(last_words(log, "reward") ==
        "its log " + path.string() + " says nothing\n");
  std::ofstream(path, std::ios::app) << "ume: the second failure\n";
  CHECK_THAT(last_words(log, "reward"),
             Contains("second") && !Contains("first"));
  CHECK(log_before_start(logs / "none.log").begin == 0);
}

TEST_CASE("role logs: of a long log the end is read") {
  const ScratchFolder logs;
  std::string text(200'000, 'x');
  const auto path = logs.write("reward-0.log", text + "\nume: the end\n");
  CHECK_THAT(last_words({path}, "reward"),
             Contains("  ume: the end\n") && !Contains("x\n"));
}

}  // namespace
}  // namespace ume
