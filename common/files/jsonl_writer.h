#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/files/file_descriptor.h"

namespace ume {

// Appends lines to a file that outlives the process. A line is in the file
// whole or, after a crash in the middle of writing, torn at the very end; the
// next writer cuts the torn one off before it goes on.
class JsonlWriter {
 public:
  // Creates the file where missing. Throws IoError.
  explicit JsonlWriter(const std::string& path);

  // One JSON value without line breaks. Readers see it when this returns; a
  // crash of the machine may lose it. Throws IoError (disk full: nothing of the
  // line stays) and InvalidInput for a line break.
  void append(std::string_view json);

 private:
  const std::string path_;
  FileDescriptor file_;
  uint64_t size_ = 0;
};

}  // namespace ume
