#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/files/file_descriptor.h"

namespace ume {

struct HelperCommand {
  std::vector<std::string> argv;  // argv[0]: path of the program
  // Limit of its address space (RLIMIT_AS).
  uint64_t memory_bytes = uint64_t{1} << 30;
  uint64_t max_reply_bytes = uint64_t{64} << 20;
  std::string name;  // for messages, e.g. "plug-in my.so"
};

// A child process that answers messages, one at a time, over a socket that it
// finds as file descriptor kHelperSocket. It has a process group of its own,
// no standard input, writes its standard output to our standard error, and is
// killed with us. Not thread-safe.
class HelperProcess {
 public:
  // Throws IoError when it cannot be started.
  explicit HelperProcess(const HelperCommand& command);
  // Kills and reaps it.
  ~HelperProcess();
  HelperProcess(const HelperProcess&) = delete;
  HelperProcess& operator=(const HelperProcess&) = delete;

  // Throws Unavailable when the child is gone, saying how it ended;
  // DeadlineExceeded; InvalidInput for a reply that is too long. The process is
  // of no use after any of them.
  std::string exchange(std::string_view message, double timeout_seconds);

  pid_t pid() const { return pid_; }

 private:
  std::string end();

  const std::string name_;
  const uint64_t max_reply_bytes_;
  pid_t pid_ = -1;
  FileDescriptor socket_;
};

constexpr int kHelperSocket = 3;

}  // namespace ume
