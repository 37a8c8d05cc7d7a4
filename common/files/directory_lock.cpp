#include "common/files/directory_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "common/error/error.h"

namespace ume {
namespace {

std::string holder_of(int fd) {
  char text[32] = {};
  const ssize_t count = ::pread(fd, text, sizeof(text) - 1, 0);
  std::string holder(text, count > 0 ? static_cast<size_t>(count) : 0);
  while (!holder.empty() && holder.back() == '\n') {
    holder.pop_back();
  }
  return holder.empty() ? "another process" : "process " + holder;
}

}  // namespace

DirectoryLock::DirectoryLock(const std::string& folder) {
  const std::string path = folder + "/.lock";
  fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd_ < 0) {
    throw IoError(path + ": cannot create: " + std::strerror(errno));
  }
  if (::flock(fd_, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    const std::string holder = holder_of(fd_);
    ::close(fd_);
    if (error == EWOULDBLOCK) {
      throw ConfigError(folder + ": in use by " + holder +
                        "; wait for it to end or choose another folder");
    }
    throw IoError(path + ": cannot lock: " + std::strerror(error));
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd_, 0) != 0 || ::pwrite(fd_, pid.data(), pid.size(), 0) !=
                                      static_cast<ssize_t>(pid.size())) {
    const int error = errno;
    ::close(fd_);
    throw IoError(path + ": cannot write: " + std::strerror(error));
  }
}

// The file stays: removing it could take the name from under the next holder.
DirectoryLock::~DirectoryLock() {
  ::close(fd_);
}

}  // namespace ume
