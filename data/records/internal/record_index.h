#pragma once

#include <cstdint>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "common/files/file_descriptor.h"

namespace ume {

// The records of a .json file (one array) or a .jsonl file (one record a
// line, blank lines skipped). The file is read once for the places of its
// records, 20 bytes of memory each; a record is read when asked for. The file
// must not change meanwhile.
class RecordIndex {
 public:
  // Throws InvalidInput if the file is missing, has another extension, is not
  // an array (.json) or has a record above 16 MiB; IoError.
  explicit RecordIndex(const std::filesystem::path& path);

  size_t size() const { return places_.size(); }
  // Record i < size(). Safe from several threads. Throws InvalidInput for what
  // is not JSON.
  nlohmann::json at(size_t i) const;
  // "FILE, line 12" (the line that record i begins in), for messages.
  std::string where(size_t i) const;
  uint32_t line(size_t i) const { return places_[i].line; }

 private:
  struct Place {
    uint64_t offset = 0;
    uint32_t size = 0;
    uint32_t line = 0;
  };
  class Scanner;

  std::string name_;
  FileDescriptor file_;
  std::vector<Place> places_;
};

}  // namespace ume
