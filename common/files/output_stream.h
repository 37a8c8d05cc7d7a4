#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "common/files/atomic_file.h"
#include "common/files/file_descriptor.h"

namespace ume {

// Results on their way out, buffered: to stdout, or to a file that appears
// whole when finish() is called, replacing an old one. Not thread-safe.
class OutputStream {
 public:
  // path: empty for stdout. What exists and is no regular file (a pipe,
  // /dev/null) is written as it is; a regular file as AtomicFile does. Throws
  // IoError.
  explicit OutputStream(std::string path = "");
  // Without finish() a file's content is dropped, and what was written to
  // stdout still goes there.
  ~OutputStream();
  OutputStream(const OutputStream&) = delete;
  OutputStream& operator=(const OutputStream&) = delete;

  // All throw IoError (disk full, a reader that has gone, …).
  void write(std::string_view text);
  void flush();  // what was written reaches stdout or the file
  void finish();

 private:
  void write_out(std::string_view text);
  [[noreturn]] void fail(const std::string& what, int error) const;

  const std::string path_;
  std::optional<AtomicFile> whole_;  // a regular file
  FileDescriptor special_;           // another one
  std::string buffer_;
};

}  // namespace ume
