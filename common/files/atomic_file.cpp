#include "common/files/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstring>

#include "common/error/error.h"
#include "common/files/files.h"
#include "common/files/internal/leftovers.h"

namespace ume {
namespace {

// Unique among the processes and threads that may write the same path.
std::string temporary_name(const std::string& path) {
  static std::atomic<uint64_t> counter{0};
  return path + std::string(kTemporaryMark) + std::to_string(::getpid()) + "-" +
         std::to_string(counter.fetch_add(1));
}

// What a file without a name can be named by.
std::string descriptor_name(int fd) {
  return "/proc/self/fd/" + std::to_string(fd);
}

// None where the file system has no files without a name, or /proc is missing.
FileDescriptor open_nameless(const std::string& folder, mode_t mode) {
  FileDescriptor file(
      ::open(folder.c_str(), O_TMPFILE | O_WRONLY | O_CLOEXEC, mode));
  if (file && ::access(descriptor_name(file.get()).c_str(), F_OK) != 0) {
    file.reset();
  }
  return file;
}

}  // namespace

AtomicFile::AtomicFile(std::string path, mode_t mode)
    : path_(std::move(path)),
      temporary_(temporary_name(path_)),
      file_(open_nameless(parent_folder(path_), mode)) {
  if (file_) return;
  remove_leftovers(path_);
  file_ = FileDescriptor(::open(temporary_.c_str(),
                                O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
  if (!file_) fail("cannot create");
  has_name_ = true;
  mark_as_written(file_.get());
}

AtomicFile::~AtomicFile() {
  if (has_name_) ::unlink(temporary_.c_str());
}

void AtomicFile::fail(const std::string& what) const {
  throw IoError(path_ + ": " + what + ": " + std::strerror(errno));
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  // One call takes at most about 2 GiB.
  constexpr size_t kMost = size_t{1} << 30;
  while (!bytes.empty()) {
    const ssize_t done =
        ::write(file_.get(), bytes.data(), std::min(bytes.size(), kMost));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) fail("cannot write");
    bytes = bytes.subspan(static_cast<size_t>(done));
  }
}

void AtomicFile::commit() {
  if (::fsync(file_.get()) != 0) fail("cannot make durable");
  if (!has_name_) {
    // Of an earlier process with this one's number.
    ::unlink(temporary_.c_str());
    if (::linkat(AT_FDCWD, descriptor_name(file_.get()).c_str(), AT_FDCWD,
                 temporary_.c_str(), AT_SYMLINK_FOLLOW) != 0) {
      fail("cannot give the file its name");
    }
    has_name_ = true;
  }
  if (!file_.close()) fail("cannot write");
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
    fail("cannot rename into place");
  }
  has_name_ = false;
  fsync_directory(parent_folder(path_));
}

}  // namespace ume
