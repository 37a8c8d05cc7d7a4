#include "common/files/jsonl_writer.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "common/error/error.h"

namespace ume {
namespace {

[[noreturn]] void throw_io(const std::string& path, const std::string& what) {
  throw IoError(path + ": " + what + ": " + std::strerror(errno));
}

// Where the last whole line ends.
uint64_t end_of_last_line(int fd, uint64_t size, const std::string& path) {
  char buffer[4096];
  while (size > 0) {
    const uint64_t start = size - std::min<uint64_t>(size, sizeof(buffer));
    const ssize_t count =
        ::pread(fd, buffer, size - start, static_cast<off_t>(start));
    if (count != static_cast<ssize_t>(size - start)) {
      throw_io(path, "cannot read");
    }
    for (ssize_t i = count; i > 0; --i) {
      if (buffer[i - 1] == '\n') {
        return start + static_cast<uint64_t>(i);
      }
    }
    size = start;
  }
  return 0;
}

}  // namespace

JsonlWriter::JsonlWriter(const std::string& path)
    : path_(path),
      file_(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644)) {
  struct stat info {};
  if (!file_ || ::fstat(file_.get(), &info) != 0) {
    throw_io(path_, "cannot open");
  }
  size_ =
      end_of_last_line(file_.get(), static_cast<uint64_t>(info.st_size), path_);
  if (size_ != static_cast<uint64_t>(info.st_size) &&
      ::ftruncate(file_.get(), static_cast<off_t>(size_)) != 0) {
    throw_io(path_, "cannot cut off a torn line");
  }
}

void JsonlWriter::append(std::string_view json) {
  if (json.find('\n') != std::string_view::npos) {
    throw InvalidInput(path_ + ": a record with a line break");
  }
  std::string line(json);
  line += '\n';
  uint64_t written = 0;
  while (written < line.size()) {
    const ssize_t count =
        ::pwrite(file_.get(), line.data() + written, line.size() - written,
                 static_cast<off_t>(size_ + written));
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      const int error = errno;
      // If this fails too, the next writer cuts the torn line.
      [[maybe_unused]] const int ignored =
          ::ftruncate(file_.get(), static_cast<off_t>(size_));
      errno = error;
      throw_io(path_, "cannot write");
    }
    written += static_cast<uint64_t>(count);
  }
  size_ += written;
}

}  // namespace ume
