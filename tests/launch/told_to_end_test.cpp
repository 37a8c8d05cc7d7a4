#include "launch/run/told_to_end.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <chrono>
#include <thread>

#include "launch/child_process.h"

namespace ume {
namespace {

void wait_until_sigterm_waits(pid_t pid) {
  for (int i = 0; i < 1000 && !sigterm_waits(pid); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

TEST_CASE("told to end: a child keeps SIGTERM waiting, and that can be seen") {
  ChildProcess child = ChildProcess::start({{"sleep", "600"}, {}, ""});
  const pid_t pid = child.pid();
  ToldToEnd told(2.0);
  CHECK(told.due({pid}, 0.0).empty());
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) kill(pid, signal);
  wait_until_sigterm_waits(pid);
  CHECK(sigterm_waits(pid));
  CHECK_FALSE(child.poll());
  CHECK(told.due({pid}, 1.0).empty());
  CHECK(told.due({pid}, 2.9).empty());
  CHECK(told.due({pid}, 3.0) == std::vector<pid_t>{pid});
  CHECK(told.due({pid}, 3.5).empty());
  CHECK(told.due({pid}, 5.0) == std::vector<pid_t>{pid});
  child.ask_to_end();
  CHECK(child.wait_or_kill(60.0).signal == SIGKILL);
  CHECK(told.due({pid}, 9.0).empty());
}

TEST_CASE("told to end: a child ends by the signal that was agreed on") {
  ChildCommand command{{"sleep", "600"}, {}, ""};
  command.end_signal = SIGHUP;
  signal(SIGHUP, SIG_IGN);  // as under nohup
  ChildProcess child = ChildProcess::start(command);
  signal(SIGHUP, SIG_DFL);
  child.ask_to_end();
  CHECK(child.wait_or_kill(60.0).signal == SIGHUP);
}

TEST_CASE("told to end: a process's children, where the kernel tells them") {
  ChildProcess child = ChildProcess::start({{"sleep", "600"}, {}, ""});
  const auto children = children_of(getpid());
  CHECK(std::find(children.begin(), children.end(), child.pid()) !=
        children.end());
  CHECK(children_of(child.pid()).empty());
}

}  // namespace
}  // namespace ume
