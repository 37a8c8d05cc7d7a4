#pragma once

#include <sys/types.h>

#include <cstddef>
#include <span>
#include <string>

#include "common/files/file_descriptor.h"

namespace ume {

// A file whose content comes piece by piece, and which appears whole when it is
// committed; without that nothing has changed. Until then it has no name, so
// that a process that is killed leaves nothing behind. File systems that know
// no such files (NFS) hold it as PATH.tmp-PID-N beside its place; what killed
// writers left of the same path goes when it is written again. All throw
// IoError.
class AtomicFile {
 public:
  explicit AtomicFile(std::string path, mode_t mode = 0644);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  void write(std::span<const std::byte> bytes);
  // Flushes the file to disk, renames it to its path and flushes the folder. A
  // reader sees the old file or the whole new one.
  void commit();

 private:
  [[noreturn]] void fail(const std::string& what) const;

  const std::string path_;
  const std::string temporary_;
  bool has_name_ = false;  // temporary_ exists
  FileDescriptor file_;
};

}  // namespace ume
