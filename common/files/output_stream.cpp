#include "common/files/output_stream.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "common/error/error.h"
#include "common/files/files.h"

namespace ume {
namespace {

constexpr size_t kBufferBytes = 1u << 18;

bool is_special_file(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode);
}

}  // namespace

OutputStream::OutputStream(std::string path) : path_(std::move(path)) {
  if (path_.empty()) return;
  std::string opened = path_;
  int flags = O_WRONLY | O_CLOEXEC;
  if (!is_special_file(path_)) {
    temporary_ = path_ + ".tmp-" + std::to_string(::getpid());
    opened = temporary_;
    flags |= O_CREAT | O_TRUNC;
  }
  file_ = FileDescriptor(::open(opened.c_str(), flags, 0644));
  if (!file_) {
    const int error = errno;
    temporary_.clear();
    fail("cannot create", error);
  }
}

OutputStream::~OutputStream() {
  if (path_.empty() && !buffer_.empty()) {
    try {
      flush();
    } catch (const IoError&) {
      // Already on the way out with an error of its own.
    }
  }
  if (!temporary_.empty()) ::unlink(temporary_.c_str());
}

void OutputStream::fail(const std::string& what, int error) const {
  throw IoError((path_.empty() ? "stdout" : path_) + ": " + what + ": " +
                std::strerror(error));
}

void OutputStream::write(std::string_view text) {
  buffer_ += text;
  if (buffer_.size() >= kBufferBytes) flush();
}

void OutputStream::flush() {
  write_out(buffer_);
  buffer_.clear();
}

void OutputStream::write_out(std::string_view text) {
  const int fd = path_.empty() ? STDOUT_FILENO : file_.get();
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("cannot write", errno);
    text.remove_prefix(static_cast<size_t>(count));
  }
}

void OutputStream::finish() {
  flush();
  if (path_.empty()) return;
  if (!temporary_.empty() && ::fsync(file_.get()) != 0) {
    fail("cannot make durable", errno);
  }
  if (!file_.close()) fail("cannot write", errno);
  if (temporary_.empty()) return;
  rename_durably(temporary_, path_);
  temporary_.clear();
}

}  // namespace ume
