#pragma once

#include <cstddef>
#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <string_view>

namespace ume {

struct TextLine {
  uint64_t number = 0;    // counted from 1
  std::string_view text;  // without the line break; of the reader, until next()
  bool is_too_long = false;  // `text` holds only its beginning

  // Nothing but blanks, tabs and a carriage return.
  bool is_blank() const {
    return !is_too_long && text.find_first_not_of(" \t\r") == text.npos;
  }
};

// Reads a text line by line. Memory is bounded by the longest line that is
// accepted; of a longer one the rest is skipped, and the next can be read.
class LineReader {
 public:
  // stream: borrowed for the reader's life. name: for messages.
  LineReader(std::istream& stream, std::string name, size_t max_line_bytes);

  // Empty at the end. Throws IoError if reading fails.
  std::optional<TextLine> next();

 private:
  std::istream& stream_;
  const std::string name_;
  const size_t max_line_bytes_;
  uint64_t number_ = 0;
  std::string text_;
};

}  // namespace ume
