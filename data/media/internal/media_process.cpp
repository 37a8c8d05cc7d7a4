#include "data/media/internal/media_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/error/error.h"
#include "common/process/stop_signals.h"

extern char** environ;

namespace ume::internal {
namespace {

// Loader and limits report before there is an answer to write to.
constexpr int kCannotLoad = 127;

struct Pipe {
  FileDescriptor reader;
  FileDescriptor writer;
};

Pipe open_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    throw IoError(std::string("cannot create a pipe: ") + std::strerror(errno));
  }
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

// Standard streams, default signals and a process group of its own; and what is
// to stop a whole run does not reach it, or the run would see a crash of the
// decoder and not finish its checkpoint.
class SpawnSetup {
 public:
  SpawnSetup(int in, int out, int error) {
    posix_spawn_file_actions_init(&actions_);
    posix_spawn_file_actions_adddup2(&actions_, in, STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions_, error, STDERR_FILENO);
    posix_spawnattr_init(&attributes_);
    const sigset_t blocked = stop_signals();
    sigset_t all;
    sigfillset(&all);
    posix_spawnattr_setsigmask(&attributes_, &blocked);
    posix_spawnattr_setsigdefault(&attributes_, &all);
    posix_spawnattr_setpgroup(&attributes_, 0);
    posix_spawnattr_setflags(&attributes_, POSIX_SPAWN_SETSIGMASK |
                                               POSIX_SPAWN_SETSIGDEF |
                                               POSIX_SPAWN_SETPGROUP);
  }
  SpawnSetup(const SpawnSetup&) = delete;
  SpawnSetup& operator=(const SpawnSetup&) = delete;
  ~SpawnSetup() {
    posix_spawn_file_actions_destroy(&actions_);
    posix_spawnattr_destroy(&attributes_);
  }

  // errno; 0: started.
  int start(const std::vector<std::string>& argv, pid_t& pid) const {
    std::vector<char*> pointers;
    for (const std::string& argument : argv) {
      pointers.push_back(const_cast<char*>(argument.c_str()));
    }
    pointers.push_back(nullptr);
    return ::posix_spawn(&pid, pointers[0], &actions_, &attributes_,
                         pointers.data(), environ);
  }

 private:
  posix_spawn_file_actions_t actions_;
  posix_spawnattr_t attributes_;
};

std::string seconds_text(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%g s", seconds);
  return text;
}

}  // namespace

MediaProcess::MediaProcess(const MediaCommand& command,
                           const FileDescriptor& file)
    : name_(command.name),
      timeout_s_(command.timeout_s),
      deadline_(std::chrono::steady_clock::now() +
                std::chrono::duration_cast<std::chrono::nanoseconds>(
                    std::chrono::duration<double>(command.timeout_s))) {
  Pipe replies = open_pipe();
  Pipe errors = open_pipe();
  // A decoder that talks too much loses its words instead of hanging.
  ::fcntl(errors.writer.get(), F_SETFL, O_NONBLOCK);
  const SpawnSetup setup(file.get(), replies.writer.get(), errors.writer.get());
  const int error = setup.start(command.argv, pid_);
  if (error != 0) {
    pid_ = -1;
    throw Unavailable(command.argv[0] + ": " + std::strerror(error) +
                      "; videos and documents such as " + name_ +
                      " are decoded by this program, which the build puts "
                      "beside the others");
  }
  replies_ = std::move(replies.reader);
  errors_ = std::move(errors.reader);
}

MediaProcess::~MediaProcess() {
  end();
}

// Kills what still runs, reaps it, and returns its wait status.
int MediaProcess::end() {
  if (pid_ < 0) return 0;
  ::kill(pid_, SIGKILL);
  int status = 0;
  while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  return status;
}

void MediaProcess::refuse(const std::string& reason) {
  throw InvalidInput(name_ + ": " + reason);
}

ReplyHead MediaProcess::expect(ReplyKind kind, uint64_t least, uint64_t most) {
  ReplyHead head;
  read(&head, sizeof head);
  if (head.magic == kReplyMagic && head.kind == ReplyKind::kError &&
      head.size <= kMaxErrorBytes) {
    std::string text(head.size, '\0');
    read(text.data(), text.size());
    refuse(text);
  }
  if (head.magic != kReplyMagic || head.kind != kind || head.size < least ||
      head.size > most) {
    refuse("the answer of ume-media is malformed");
  }
  return head;
}

void MediaProcess::read(void* out, size_t size) {
  auto* to = static_cast<char*>(out);
  while (size > 0) {
    const size_t count = read_some(to, size);
    if (count == 0) explain_end();
    to += count;
    size -= count;
  }
}

// 0 at the end of the answer.
size_t MediaProcess::read_some(void* out, size_t size) {
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        deadline_ - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      end();
      refuse("decoding took longer than the wait 'media child' of " +
             seconds_text(timeout_s_) + " allows (media_child.timeout_s)");
    }
    pollfd wait{replies_.get(), POLLIN, 0};
    const auto timeout_ms = std::min<int64_t>(left.count(), 1000);
    const int ready = ::poll(&wait, 1, static_cast<int>(timeout_ms));
    if (ready == 0 || (ready < 0 && errno == EINTR)) continue;
    if (ready < 0) throw IoError(name_ + ": " + std::strerror(errno));
    const ssize_t count = ::read(replies_.get(), out, size);
    if (count >= 0) return static_cast<size_t>(count);
    if (errno != EINTR) throw IoError(name_ + ": " + std::strerror(errno));
  }
}

// The answer stopped where more was due: the process has ended, or is about to.
void MediaProcess::explain_end() {
  int status = 0;
  pid_t ended = 0;
  while (ended == 0 && std::chrono::steady_clock::now() < deadline_) {
    ended = ::waitpid(pid_, &status, WNOHANG);
    if (ended == 0) ::poll(nullptr, 0, 1);
  }
  if (ended == pid_) {
    pid_ = -1;
  } else {
    status = end();
  }
  const std::string text = error_text();
  if (WIFSIGNALED(status)) {
    const int signal = WTERMSIG(status);
    refuse(signal == SIGXCPU
               ? "decoding took more processor time than the wait 'media "
                 "child' of " +
                     seconds_text(timeout_s_) + " allows"
               : "the decoder crashed (" + std::string(strsignal(signal)) +
                     ")");
  }
  if (WEXITSTATUS(status) == kCannotLoad) {
    throw Unavailable("ume-media cannot be loaded (" + text + "); needed for " +
                      name_ + "; `make setup` installs what is missing");
  }
  refuse("the decoder gave up with exit code " +
         std::to_string(WEXITSTATUS(status)) +
         (text.empty() ? "" : ": " + text));
}

// The first line of what the process said on standard error.
std::string MediaProcess::error_text() {
  char text[512];
  ::fcntl(errors_.get(), F_SETFL, O_NONBLOCK);
  const ssize_t count = ::read(errors_.get(), text, sizeof text);
  if (count <= 0) return "";
  return std::string(text, std::find(text, text + count, '\n'));
}

}  // namespace ume::internal
