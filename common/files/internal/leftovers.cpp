#include "common/files/internal/leftovers.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <filesystem>

#include "common/files/files.h"

namespace ume {
namespace {

namespace fs = std::filesystem;

// To be written, since NFS locks nothing else.
constexpr int kOpenFlags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;

}  // namespace

// A lock and not the process's number: the writer may run on another host.
void mark_as_written(int fd) {
  [[maybe_unused]] const int ignored = ::flock(fd, LOCK_EX | LOCK_NB);
}

void remove_leftovers(const std::string& path) {
  const std::string prefix =
      fs::path(path).filename().string() + std::string(kTemporaryMark);
  std::error_code error;
  fs::directory_iterator entry(parent_folder(path), error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    if (!entry->path().filename().string().starts_with(prefix)) continue;
    const FileDescriptor left(::open(entry->path().c_str(), kOpenFlags));
    if (left && ::flock(left.get(), LOCK_EX | LOCK_NB) == 0) {
      ::unlink(entry->path().c_str());
    }
  }
}

}  // namespace ume
