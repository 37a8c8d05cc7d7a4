#include "launch/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <thread>
#include <utility>

#include "common/process/stop_signals.h"

extern char** environ;

namespace ume {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (const std::string& s : strings) {
    result.push_back(const_cast<char*>(s.c_str()));
  }
  result.push_back(nullptr);
  return result;
}

std::vector<std::string> merged_environment(
    const std::vector<std::string>& extra) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string value = *entry;
    const std::string key = value.substr(0, value.find('=') + 1);
    bool replaced = false;
    for (const std::string& e : extra) replaced |= e.rfind(key, 0) == 0;
    if (!replaced) result.push_back(value);
  }
  result.insert(result.end(), extra.begin(), extra.end());
  return result;
}

// Between fork and exec: only async-signal-safe calls. Reports errno through
// `error_pipe`, which exec closes on success.
//
// Stop signals are blocked and not ignored: mpirun sets handlers of its own,
// under which it would end its ranks, but leaves the mask as it is. The end
// signal has to work also where `nohup` has us ignore it.
[[noreturn]] void run_child(const std::vector<char*>& argv,
                            const std::vector<char*>& environment,
                            int end_signal,
                            int log_file,
                            int error_pipe) {
  setpgid(0, 0);
  signal(end_signal, SIG_DFL);
  prctl(PR_SET_PDEATHSIG, end_signal);
  const sigset_t blocked = stop_signals();
  sigprocmask(SIG_SETMASK, &blocked, nullptr);
  const int null_file = open("/dev/null", O_RDONLY);
  if (null_file >= 0) dup2(null_file, STDIN_FILENO);
  if (log_file >= 0) {
    dup2(log_file, STDOUT_FILENO);
    dup2(log_file, STDERR_FILENO);
  }
  execvpe(argv[0], argv.data(), environment.data());
  const int error = errno;
  [[maybe_unused]] const auto written =
      write(error_pipe, &error, sizeof(error));
  _exit(127);
}

int open_log(const std::string& path) {
  if (path.empty()) return -1;
  const int file =
      open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (file < 0) {
    throw IoError("cannot open the log " + path + ": " + strerror(errno));
  }
  return file;
}

}  // namespace

std::string ChildExit::text() const {
  return signal > 0 ? "killed by signal " + std::to_string(signal)
                    : "exit code " + std::to_string(code);
}

ExitCode ChildExit::run_code() const {
  constexpr std::array kErrors = {ExitCode::kUsage, ExitCode::kBadData,
                                  ExitCode::kUnavailable, ExitCode::kIo,
                                  ExitCode::kConfig};
  const auto own = static_cast<ExitCode>(code);
  const bool says_what =
      signal == 0 &&
      std::find(kErrors.begin(), kErrors.end(), own) != kErrors.end();
  return says_what ? own : ExitCode::kFailure;
}

ChildProcess ChildProcess::start(const ChildCommand& command) {
  const std::vector<std::string> strings =
      merged_environment(command.environment);
  const std::vector<char*> argv = pointers(command.argv);
  const std::vector<char*> environment = pointers(strings);
  const int log_file = open_log(command.log_path);
  int error_pipe[2];
  if (pipe2(error_pipe, O_CLOEXEC) != 0) {
    throw IoError(std::string("cannot create a pipe: ") + strerror(errno));
  }
  const pid_t pid = fork();
  if (pid == 0) {
    run_child(argv, environment, command.end_signal, log_file, error_pipe[1]);
  }
  const int fork_error = errno;
  close(error_pipe[1]);
  if (log_file >= 0) close(log_file);
  if (pid < 0) {
    close(error_pipe[0]);
    throw IoError("cannot start " + command.argv[0] + ": " +
                  strerror(fork_error));
  }
  setpgid(pid, pid);  // also here: the child may not have run yet
  int child_error = 0;
  const auto got = read(error_pipe[0], &child_error, sizeof(child_error));
  close(error_pipe[0]);
  if (got == sizeof(child_error)) {
    waitpid(pid, nullptr, 0);
    const std::string what =
        "cannot start " + command.argv[0] + ": " + strerror(child_error);
    if (child_error == ENOENT) throw Unavailable(what);
    throw IoError(what);
  }
  return ChildProcess(pid, command.end_signal);
}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      end_signal_(other.end_signal_),
      exit_(std::move(other.exit_)) {}

ChildProcess& ChildProcess::operator=(ChildProcess&& other) noexcept {
  if (this != &other) {
    end_now();
    pid_ = std::exchange(other.pid_, -1);
    end_signal_ = other.end_signal_;
    exit_ = std::move(other.exit_);
  }
  return *this;
}

ChildProcess::~ChildProcess() {
  end_now();
}

void ChildProcess::end_now() {
  if (pid_ > 0 && !exit_) wait_or_kill(0.0);
}

std::optional<ChildExit> ChildProcess::poll() {
  if (exit_ || pid_ <= 0) return exit_;
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
  ChildExit ended;
  if (WIFSIGNALED(status)) {
    ended.signal = WTERMSIG(status);
  } else {
    ended.code = WEXITSTATUS(status);
  }
  exit_ = ended;
  return exit_;
}

void ChildProcess::send_signal(int signal) {
  if (pid_ > 0 && !exit_) kill(-pid_, signal);
}

ChildExit ChildProcess::wait_or_kill(double timeout_seconds) {
  using Clock = std::chrono::steady_clock;
  const auto deadline =
      Clock::now() + std::chrono::duration<double>(timeout_seconds);
  while (!poll() && Clock::now() < deadline) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  if (!exit_) {
    send_signal(SIGKILL);
    while (!poll()) {
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  }
  return *exit_;
}

}  // namespace ume
