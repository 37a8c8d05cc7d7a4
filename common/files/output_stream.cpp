#include "common/files/output_stream.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <span>

#include "common/error/error.h"

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
  if (!is_special_file(path_)) {
    whole_.emplace(path_);
    return;
  }
  special_ = FileDescriptor(::open(path_.c_str(), O_WRONLY | O_CLOEXEC));
  if (!special_) fail("cannot open", errno);
}

OutputStream::~OutputStream() {
  if (path_.empty() && !buffer_.empty()) {
    try {
      flush();
    } catch (const IoError&) {
      // Already on the way out with an error of its own.
    }
  }
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
  if (whole_) {
    whole_->write(std::as_bytes(std::span(text)));
    return;
  }
  const int fd = path_.empty() ? STDOUT_FILENO : special_.get();
  while (!text.empty()) {
    const ssize_t count = ::write(fd, text.data(), text.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) fail("cannot write", errno);
    text.remove_prefix(static_cast<size_t>(count));
  }
}

void OutputStream::finish() {
  flush();
  if (whole_) whole_->commit();
  if (!special_.close()) fail("cannot write", errno);
}

}  // namespace ume
