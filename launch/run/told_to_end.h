#pragma once

#include <sys/types.h>

#include <map>
#include <vector>

namespace ume {

// Whether a SIGTERM waits for the process, which keeps it blocked.
bool sigterm_waits(pid_t pid);

// The children of a process's main thread; nothing where the kernel does not
// tell.
std::vector<pid_t> children_of(pid_t pid);

// Processes that somebody told to end, one by one, by SIGTERM. They do not hear
// it, for it may go to the whole run at the same moment, which must save a
// checkpoint with them; so a while is waited for that to show.
class ToldToEnd {
 public:
  explicit ToldToEnd(double seconds) : seconds_(seconds) {}

  // Of these processes, those for which a SIGTERM has been waiting that long;
  // each again only after as long. To be asked often.
  std::vector<pid_t> due(const std::vector<pid_t>& pids, double now_seconds);

 private:
  const double seconds_;
  std::map<pid_t, double> since_;
};

}  // namespace ume
