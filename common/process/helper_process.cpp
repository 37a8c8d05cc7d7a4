#include "common/process/helper_process.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/clock/clock.h"
#include "common/clock/deadline.h"
#include "common/error/error.h"
#include "common/process/message_stream.h"

namespace ume {
namespace {

constexpr double kEndSeconds = 1.0;

// Between fork and exec: only async-signal-safe calls. Reports errno through
// `error_pipe`, which exec closes on success.
[[noreturn]] void run_child(char* const* argv,
                            int socket,
                            uint64_t memory_bytes,
                            int error_pipe) {
  setpgid(0, 0);
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  sigset_t none;
  sigemptyset(&none);
  sigprocmask(SIG_SETMASK, &none, nullptr);
  const rlimit memory{memory_bytes, memory_bytes};
  setrlimit(RLIMIT_AS, &memory);
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  const int null_file = open("/dev/null", O_RDONLY);
  if (null_file >= 0) dup2(null_file, STDIN_FILENO);
  dup2(STDERR_FILENO, STDOUT_FILENO);
  // The error pipe must not lie where the socket goes.
  const int errors = fcntl(error_pipe, F_DUPFD_CLOEXEC, kHelperSocket + 1);
  if (socket == kHelperSocket) {
    fcntl(socket, F_SETFD, 0);
  } else {
    dup2(socket, kHelperSocket);
  }
  close_range(kHelperSocket + 1, ~0U, CLOSE_RANGE_CLOEXEC);
  execv(argv[0], argv);
  const int error = errno;
  [[maybe_unused]] const auto written = write(errors, &error, sizeof(error));
  _exit(127);
}

std::string how_it_ended(int status) {
  if (WIFSIGNALED(status)) {
    return "was killed by signal " + std::to_string(WTERMSIG(status)) + " (" +
           strsignal(WTERMSIG(status)) + ")";
  }
  return "ended with exit code " + std::to_string(WEXITSTATUS(status));
}

}  // namespace

HelperProcess::HelperProcess(const HelperCommand& command)
    : name_(command.name), max_reply_bytes_(command.max_reply_bytes) {
  std::vector<char*> argv;
  for (const std::string& text : command.argv) {
    argv.push_back(const_cast<char*>(text.c_str()));
  }
  argv.push_back(nullptr);
  int sockets[2];
  int errors[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) {
    throw IoError(std::string("cannot create a socket pair: ") +
                  strerror(errno));
  }
  socket_ = FileDescriptor(sockets[0]);
  FileDescriptor child_socket(sockets[1]);
  if (pipe2(errors, O_CLOEXEC) != 0) {
    throw IoError(std::string("cannot create a pipe: ") + strerror(errno));
  }
  const FileDescriptor error_read(errors[0]);
  FileDescriptor error_write(errors[1]);
  pid_ = fork();
  if (pid_ == 0) {
    run_child(argv.data(), child_socket.get(), command.memory_bytes,
              error_write.get());
  }
  int error = pid_ < 0 ? errno : 0;
  error_write.reset();
  child_socket.reset();
  if (pid_ > 0) {
    setpgid(pid_, pid_);  // also here: the child may not have run yet
    const auto got = read(error_read.get(), &error, sizeof(error));
    if (got != static_cast<ssize_t>(sizeof(error))) return;
    waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  throw IoError(name_ + ": cannot start " + command.argv[0] + ": " +
                strerror(error));
}

HelperProcess::~HelperProcess() {
  if (pid_ > 0) {
    kill(-pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }
}

// How the child ended; kills it if it has not after a moment.
std::string HelperProcess::end() {
  if (pid_ <= 0) return "is gone";
  int status = 0;
  const SystemClock clock;
  const Deadline deadline(clock, kEndSeconds, name_);
  pid_t reaped = 0;
  while ((reaped = waitpid(pid_, &status, WNOHANG)) == 0 &&
         !deadline.expired()) {
    nap(0.002);
  }
  kill(-pid_, SIGKILL);  // what it may have started, too
  const bool by_itself = reaped == pid_;
  if (!by_itself) waitpid(pid_, &status, 0);
  pid_ = -1;
  return by_itself ? how_it_ended(status) : "closed its end and was killed";
}

std::string HelperProcess::exchange(std::string_view message,
                                    double timeout_seconds) {
  const SystemClock clock;
  const Deadline deadline(clock, timeout_seconds, "the answer of " + name_);
  if (send_message(socket_.get(), message, deadline)) {
    if (auto reply =
            receive_message(socket_.get(), max_reply_bytes_, deadline)) {
      return std::move(*reply);
    }
  }
  throw Unavailable(name_ + ": its process " + end());
}

}  // namespace ume
