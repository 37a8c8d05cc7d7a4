#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <istream>
#include <memory>
#include <string>

namespace ume {

// Where a command's records come from.
class RecordSource {
 public:
  // path: a file, or "-" for stdin. Throws IoError if it cannot be opened.
  explicit RecordSource(const std::string& path);
  // One record, given on the command line as JSON.
  static RecordSource of_text(const std::string& json);

  std::istream& stream() { return *stream_; }
  const std::string& name() const { return name_; }  // for messages
  // What relative media paths start from: the file's folder, else the current
  // one.
  const std::filesystem::path& folder() const { return folder_; }
  uint64_t num_lines() const { return num_lines_; }  // 0: not known

 private:
  RecordSource() = default;

  std::string name_;
  std::filesystem::path folder_;
  uint64_t num_lines_ = 0;
  std::unique_ptr<std::istream> owned_;
  std::istream* stream_ = nullptr;
};

}  // namespace ume
