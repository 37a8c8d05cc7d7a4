#include "common/files/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "common/error/error.h"
#include "common/files/atomic_file.h"

namespace ume {
namespace {

[[noreturn]] void throw_io(const std::string& path,
                           const std::string& what,
                           int error) {
  throw IoError(path + ": " + what + ": " + std::strerror(error));
}

void write_atomic(const std::string& path,
                  std::span<const std::byte> content,
                  mode_t mode) {
  AtomicFile file(path, mode);
  file.write(content);
  file.commit();
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}

// Until the end of the file, or of what is written into a pipe.
std::string read_all(const FileDescriptor& file,
                     const std::string& path,
                     uint64_t max_bytes) {
  std::string content;
  char buffer[1 << 16];
  while (true) {
    const ssize_t count = ::read(file.get(), buffer, sizeof(buffer));
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      throw_io(path, "cannot read", errno);
    }
    if (count == 0) {
      return content;
    }
    content.append(buffer, static_cast<size_t>(count));
    if (content.size() > max_bytes) {
      throw InvalidInput(path + ": has more than " + std::to_string(max_bytes) +
                         " bytes, the most that is read here");
    }
  }
}

void fsync_path(const std::string& path, int flags) {
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | flags));
  if (!file) {
    throw_io(path, "cannot open", errno);
  }
  // Some file systems cannot sync folders and say EINVAL.
  if (::fsync(file.get()) != 0 && !(flags != 0 && errno == EINVAL)) {
    throw_io(path, "cannot make durable", errno);
  }
}

}  // namespace

void write_file_atomic(const std::string& path, std::string_view content) {
  write_atomic(path, bytes_of(content), 0644);
}

void write_file_atomic(const std::string& path,
                       std::span<const std::byte> content) {
  write_atomic(path, content, 0644);
}

void write_private_file_atomic(const std::string& path,
                               std::string_view content) {
  write_atomic(path, bytes_of(content), 0600);
}

bool path_exists(const std::string& path) {
  struct stat info {};
  if (::lstat(path.c_str(), &info) == 0) {
    return true;
  }
  if (errno != ENOENT && errno != ENOTDIR) {
    throw_io(path, "cannot look it up", errno);
  }
  return false;
}

FileDescriptor open_regular_file(const std::string& path) {
  // O_NONBLOCK: opening a pipe does not wait for its writer.
  FileDescriptor file(
      ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat info {};
  if (!file || ::fstat(file.get(), &info) != 0) {
    throw_io(path, "cannot open", errno);
  }
  if (!S_ISREG(info.st_mode)) {
    throw IoError(path + ": not a regular file");
  }
  return file;
}

std::string read_file(const std::string& path, uint64_t max_bytes) {
  return read_all(open_regular_file(path), path, max_bytes);
}

std::string read_file_or_pipe(const std::string& path, uint64_t max_bytes) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    throw_io(path, "cannot open", errno);
  }
  return read_all(file, path, max_bytes);
}

void fsync_file(const std::string& path) {
  fsync_path(path, 0);
}

void fsync_directory(const std::string& path) {
  fsync_path(path, O_DIRECTORY);
}

void rename_durably(const std::string& from, const std::string& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) {
    throw_io(from, "cannot rename to " + to, errno);
  }
  fsync_directory(parent_folder(to));
}

void make_directories(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) {
    throw_io(path, "cannot create the folder", error.value());
  }
}

std::string parent_folder(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

std::string step_name(uint64_t step) {
  char text[32];
  std::snprintf(text, sizeof(text), "step_%06llu",
                static_cast<unsigned long long>(step));
  return text;
}

uint64_t free_disk_bytes(const std::string& path) {
  struct statvfs info {};
  if (::statvfs(path.c_str(), &info) != 0) {
    throw_io(path, "cannot ask for free space", errno);
  }
  return static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
}

}  // namespace ume
