#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

namespace ume {

struct ChildCommand {
  std::vector<std::string> argv;         // argv[0] is looked up in PATH
  std::vector<std::string> environment;  // NAME=value, added to ours
  std::string log_path;  // stdout and stderr are appended; empty: inherited
};

// How a child ended.
struct ChildExit {
  int code = 0;    // exit status when signal == 0
  int signal = 0;  // > 0: killed by it
  bool clean() const { return code == 0 && signal == 0; }
  std::string text() const;  // "exit code 1", "killed by signal 9"
};

// A child process in a process group of its own that is told to end when we
// die. Owned: the destructor kills what still runs. Not thread-safe.
class ChildProcess {
 public:
  // Throws IoError if the program cannot be started.
  static ChildProcess start(const ChildCommand& command);

  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  ~ChildProcess();

  pid_t pid() const { return pid_; }
  // Reaps without waiting; empty while it runs. Repeats its answer.
  std::optional<ChildExit> poll();
  // Sends a signal to the whole process group.
  void send_signal(int signal);
  // Waits; at the deadline kills the group and reaps.
  ChildExit wait_or_kill(double timeout_seconds);

 private:
  explicit ChildProcess(pid_t pid) : pid_(pid) {}
  void end_now();

  pid_t pid_ = -1;
  std::optional<ChildExit> exit_;
};

}  // namespace ume
