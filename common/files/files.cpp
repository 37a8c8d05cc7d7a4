#include "common/files/files.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>

#include "common/error/error.h"
#include "common/files/file_descriptor.h"

namespace ume {
namespace {

[[noreturn]] void throw_io(const std::string& path,
                           const std::string& what,
                           int error) {
  throw IoError(path + ": " + what + ": " + std::strerror(error));
}

void write_all(int fd,
               std::span<const std::byte> content,
               const std::string& path) {
  while (!content.empty()) {
    const ssize_t count = ::write(fd, content.data(), content.size());
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      throw_io(path, "cannot write", errno);
    }
    content = content.subspan(static_cast<size_t>(count));
  }
}

std::string folder_of(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

// Unique among the processes and threads that may write the same path.
std::string temporary_name(const std::string& path) {
  static std::atomic<uint64_t> counter{0};
  return path + ".tmp-" + std::to_string(::getpid()) + "-" +
         std::to_string(counter.fetch_add(1));
}

void write_atomic(const std::string& path,
                  std::span<const std::byte> content,
                  mode_t mode) {
  const std::string temporary = temporary_name(path);
  try {
    FileDescriptor file(::open(temporary.c_str(),
                               O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!file) {
      throw_io(temporary, "cannot create", errno);
    }
    write_all(file.get(), content, path);
    if (::fsync(file.get()) != 0) {
      throw_io(path, "cannot make durable", errno);
    }
    if (!file.close()) {
      throw_io(path, "cannot write", errno);
    }
    if (::rename(temporary.c_str(), path.c_str()) != 0) {
      throw_io(path, "cannot rename into place", errno);
    }
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  fsync_directory(folder_of(path));
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
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

std::string read_file(const std::string& path, uint64_t max_bytes) {
  FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) {
    throw_io(path, "cannot open", errno);
  }
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
  fsync_directory(folder_of(to));
}

void make_directories(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) {
    throw_io(path, "cannot create the folder", error.value());
  }
}

uint64_t free_disk_bytes(const std::string& path) {
  struct statvfs info {};
  if (::statvfs(path.c_str(), &info) != 0) {
    throw_io(path, "cannot ask for free space", errno);
  }
  return static_cast<uint64_t>(info.f_bavail) * info.f_frsize;
}

}  // namespace ume
