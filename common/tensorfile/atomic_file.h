#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ume {

// A file that is written beside its place, for content that comes piece by
// piece; disappears again unless it is committed. All throw IoError.
class AtomicFile {
 public:
  explicit AtomicFile(std::string path);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  void write(std::span<const std::byte> bytes);
  // Flushes the file to disk, renames it to its path and flushes the folder. A
  // reader sees the old file or the whole new one.
  void commit();

 private:
  std::string path_;
  std::string temporary_;
  int fd_ = -1;
  bool renamed_ = false;
};

// The same for content at hand: the pieces one after another.
void write_file_atomically(
    const std::string& path,
    const std::vector<std::span<const std::byte>>& pieces);
void write_file_atomically(const std::string& path, std::string_view text);

}  // namespace ume
