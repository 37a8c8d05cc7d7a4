#include "common/tensorfile/atomic_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "common/error/error.h"

namespace ume {
namespace {

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw IoError(path + ": " + what + ": " + std::strerror(errno));
}

void flush_folder_of(const std::string& path) {
  std::string folder = std::filesystem::path(path).parent_path().string();
  if (folder.empty()) folder = ".";
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) fail(folder, "cannot be opened");
  const int result = ::fsync(fd);
  ::close(fd);
  if (result != 0) fail(folder, "flushing to disk failed");
}

}  // namespace

AtomicFile::AtomicFile(std::string path)
    : path_(std::move(path)),
      temporary_(path_ + ".tmp." + std::to_string(::getpid())) {
  fd_ = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
               0644);
  if (fd_ < 0) fail(temporary_, "cannot be created");
}

AtomicFile::~AtomicFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!renamed_) ::unlink(temporary_.c_str());
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  // One call takes at most about 2 GiB.
  constexpr size_t kMost = size_t{1} << 30;
  while (!bytes.empty()) {
    const ssize_t done =
        ::write(fd_, bytes.data(), std::min(bytes.size(), kMost));
    if (done < 0 && errno == EINTR) continue;
    if (done < 0) fail(temporary_, "writing failed");
    bytes = bytes.subspan(static_cast<size_t>(done));
  }
}

void AtomicFile::commit() {
  if (::fsync(fd_) != 0) fail(temporary_, "flushing to disk failed");
  const int fd = fd_;
  fd_ = -1;
  if (::close(fd) != 0) fail(temporary_, "closing failed");
  if (::rename(temporary_.c_str(), path_.c_str()) != 0) {
    fail(path_, "renaming into place failed");
  }
  renamed_ = true;
  flush_folder_of(path_);
}

void write_file_atomically(
    const std::string& path,
    const std::vector<std::span<const std::byte>>& pieces) {
  AtomicFile file(path);
  for (const auto& piece : pieces) file.write(piece);
  file.commit();
}

void write_file_atomically(const std::string& path, std::string_view text) {
  write_file_atomically(
      path, {std::as_bytes(std::span<const char>(text.data(), text.size()))});
}

}  // namespace ume
