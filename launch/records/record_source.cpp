#include "launch/records/record_source.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <iostream>
#include <sstream>
#include <vector>

#include "common/error/error.h"

namespace ume {
namespace {

// Lines of a regular file, so that progress has a total; 0 for a pipe, which
// can be read only once.
uint64_t count_lines(const std::string& path) {
  std::error_code error;
  if (!std::filesystem::is_regular_file(path, error)) return 0;
  std::ifstream file(path, std::ios::binary);
  std::vector<char> buffer(1u << 20);
  uint64_t count = 0;
  char last = '\n';
  while (file) {
    file.read(buffer.data(), static_cast<std::streamsize>(buffer.size()));
    const std::streamsize got = file.gcount();
    if (got == 0) break;
    count += static_cast<uint64_t>(
        std::count(buffer.begin(), buffer.begin() + got, '\n'));
    last = buffer[static_cast<size_t>(got) - 1];
  }
  return count + (last == '\n' ? 0 : 1);
}

}  // namespace

RecordSource::RecordSource(const std::string& path) {
  if (path == "-") {
    std::ios::sync_with_stdio(false);
    name_ = "stdin";
    folder_ = std::filesystem::current_path();
    stream_ = &std::cin;
    return;
  }
  name_ = path;
  folder_ = std::filesystem::absolute(path).parent_path();
  auto file = std::make_unique<std::ifstream>(path, std::ios::binary);
  if (!*file) {
    throw IoError(path + ": cannot open: " + std::strerror(errno));
  }
  num_lines_ = count_lines(path);
  stream_ = file.get();
  owned_ = std::move(file);
}

RecordSource RecordSource::of_text(const std::string& json) {
  RecordSource source;
  source.name_ = "command line";
  source.folder_ = std::filesystem::current_path();
  source.num_lines_ = 1;
  source.owned_ = std::make_unique<std::istringstream>(json);
  source.stream_ = source.owned_.get();
  return source;
}

}  // namespace ume
