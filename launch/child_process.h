#pragma once

#include <signal.h>
#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "common/error/error.h"

namespace ume {

struct ChildCommand {
  std::vector<std::string> argv;         // argv[0] is looked up in PATH
  std::vector<std::string> environment;  // NAME=value, added to ours
  std::string log_path;  // stdout and stderr are appended; empty: inherited
  // What asks it to end, and reaches it when we die. Not one of stop_signals(),
  // which it does not hear; SIGKILL for one that has nothing to put in order.
  int end_signal = SIGKILL;
};

// How a child ended.
struct ChildExit {
  int code = 0;    // exit status when signal == 0
  int signal = 0;  // > 0: killed by it
  bool clean() const { return code == 0 && signal == 0; }
  std::string text() const;  // "exit code 1", "killed by signal 9"
  // With what our own program ends because of it: its exit code where that says
  // what went wrong (docs/cli.md), else kFailure. mpirun has codes of its own,
  // such as 137.
  ExitCode run_code() const;
};

// A child process in a process group of its own that is told to end when we
// die. It starts with stop_signals() blocked. Owned: the destructor kills what
// still runs. Not thread-safe.
class ChildProcess {
 public:
  // Throws Unavailable if there is no such program, IoError if it cannot be
  // started.
  static ChildProcess start(const ChildCommand& command);

  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ~ChildProcess();

  pid_t pid() const { return pid_; }
  // Reaps without waiting; empty while it runs. Repeats its answer.
  std::optional<ChildExit> poll();
  // Sends a signal to the whole process group.
  void send_signal(int signal);
  // Sends its end_signal.
  void ask_to_end() { send_signal(end_signal_); }
  // Waits; at the deadline kills the group and reaps.
  ChildExit wait_or_kill(double timeout_seconds);

 private:
  ChildProcess(pid_t pid, int end_signal)
      : pid_(pid), end_signal_(end_signal) {}
  void end_now();

  pid_t pid_ = -1;
  int end_signal_ = SIGKILL;
  std::optional<ChildExit> exit_;
};

}  // namespace ume
