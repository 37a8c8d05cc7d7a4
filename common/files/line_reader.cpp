#include "common/files/line_reader.h"

#include <array>

#include "common/error/error.h"

namespace ume {

LineReader::LineReader(std::istream& stream,
                       std::string name,
                       size_t max_line_bytes)
    : stream_(stream),
      name_(std::move(name)),
      max_line_bytes_(max_line_bytes) {}

std::optional<TextLine> LineReader::next() {
  std::array<char, 65536> buffer;
  text_.clear();
  bool is_too_long = false;
  bool is_begun = false;
  while (true) {
    // Stops at a newline, which it takes and does not store.
    stream_.getline(buffer.data(), buffer.size());
    if (stream_.bad()) throw IoError(name_ + ": reading failed");
    const auto taken = static_cast<size_t>(stream_.gcount());
    const bool at_end = stream_.eof();
    const bool is_partial = stream_.fail() && !at_end;
    if (taken > 0) is_begun = true;
    const size_t size = at_end || is_partial || taken == 0 ? taken : taken - 1;
    if (text_.size() + size > max_line_bytes_) {
      is_too_long = true;
    } else if (!is_too_long) {
      text_.append(buffer.data(), size);
    }
    if (is_partial) {
      stream_.clear();
      continue;
    }
    if (!is_begun) return std::nullopt;
    return TextLine{++number_, text_, is_too_long};
  }
}

}  // namespace ume
