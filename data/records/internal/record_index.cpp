#include "data/records/internal/record_index.h"

#include <fcntl.h>
#include <unistd.h>
#include <nlohmann/json.hpp>

#include <cerrno>
#include <cstring>

#include "common/error/error.h"
#include "common/tensorfile/bounded_json.h"

namespace ume {
namespace {

constexpr size_t kMaxRecordBytes = 16u << 20;
constexpr size_t kChunkBytes = 64u << 10;

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Reads until `size` bytes or the end of the file.
size_t read_at(
    int fd, char* out, size_t size, uint64_t offset, const std::string& name) {
  size_t done = 0;
  while (done < size) {
    const ssize_t count =
        ::pread(fd, out + done, size - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw IoError(name + ": " + std::strerror(errno));
    if (count == 0) break;
    done += static_cast<size_t>(count);
  }
  return done;
}

}  // namespace

// Finds where records begin and end, a byte at a time. What is inside a
// record is looked at later, by a JSON parser.
class RecordIndex::Scanner {
 public:
  Scanner(const std::string& name, std::vector<Place>& places)
      : name_(name), places_(places) {}

  void scan_line_byte(char c) {
    if (c == '\n') {
      finish_record();
    } else if (!is_blank(c)) {
      extend_record();
    }
    step(c);
  }

  void finish_lines() { finish_record(); }

  void scan_array_byte(char c) {
    if (in_string_) {
      extend_record();
      if (escaped_) {
        escaped_ = false;
      } else if (c == '\\') {
        escaped_ = true;
      } else if (c == '"') {
        in_string_ = false;
      }
    } else if (!is_blank(c)) {
      scan_structure(c);
    }
    step(c);
  }

  void finish_array() const {
    if (!is_closed_) fail("the list is not closed");
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw InvalidInput(name_ + ", line " + std::to_string(line_) + ": " + what);
  }

  void scan_structure(char c) {
    if (is_closed_) fail("text after the end of the list");
    if (!is_open_) {
      if (c != '[') fail("expected a list of records ('[')");
      is_open_ = true;
      return;
    }
    if (depth_ == 0 && (c == ',' || c == ']')) {
      const bool is_empty_list = c == ']' && places_.empty() && end_ == 0;
      if (end_ == 0 && !is_empty_list) fail("expected a record");
      finish_record();
      is_closed_ = c == ']';
      return;
    }
    if (c == '{' || c == '[') ++depth_;
    if (c == '}' || c == ']') --depth_;
    if (depth_ < 0) fail("'}' without '{'");
    in_string_ = c == '"';
    extend_record();
  }

  void extend_record() {
    if (end_ == 0) {
      begin_ = offset_;
      begin_line_ = line_;
    }
    end_ = offset_ + 1;
    if (end_ - begin_ > kMaxRecordBytes) {
      fail("the record that begins in line " + std::to_string(begin_line_) +
           " has more than " + std::to_string(kMaxRecordBytes) + " bytes");
    }
  }

  void finish_record() {
    if (end_ == 0) return;
    places_.push_back(
        {begin_, static_cast<uint32_t>(end_ - begin_), begin_line_});
    end_ = 0;
  }

  void step(char c) {
    ++offset_;
    if (c == '\n') ++line_;
  }

  const std::string& name_;
  std::vector<Place>& places_;
  uint64_t offset_ = 0;
  uint32_t line_ = 1;
  uint64_t begin_ = 0;  // of the record that is being read
  uint64_t end_ = 0;    // after its last byte that is not blank; 0: none
  uint32_t begin_line_ = 0;
  bool is_open_ = false;
  bool is_closed_ = false;
  bool in_string_ = false;
  bool escaped_ = false;
  int64_t depth_ = 0;
};

RecordIndex::RecordIndex(const std::filesystem::path& path)
    : name_(path.string()) {
  const std::string extension = path.extension().string();
  const bool is_array = extension == ".json";
  if (!is_array && extension != ".jsonl") {
    throw InvalidInput(name_ + ": expected a .json or .jsonl file");
  }
  if (!std::filesystem::is_regular_file(path)) {
    throw InvalidInput(name_ + (std::filesystem::exists(path)
                                    ? ": not a regular file"
                                    : ": no such file"));
  }
  file_ = FileDescriptor(::open(name_.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file_) throw IoError(name_ + ": " + std::strerror(errno));
  Scanner scanner(name_, places_);
  std::string chunk(kChunkBytes, '\0');
  for (uint64_t offset = 0;;) {
    const size_t count =
        read_at(file_.get(), chunk.data(), chunk.size(), offset, name_);
    for (size_t i = 0; i < count; ++i) {
      if (is_array) {
        scanner.scan_array_byte(chunk[i]);
      } else {
        scanner.scan_line_byte(chunk[i]);
      }
    }
    offset += count;
    if (count < chunk.size()) break;
  }
  if (is_array) {
    scanner.finish_array();
  } else {
    scanner.finish_lines();
  }
}

nlohmann::json RecordIndex::at(size_t i) const {
  const Place& place = places_.at(i);
  std::string text(place.size, '\0');
  if (read_at(file_.get(), text.data(), text.size(), place.offset, name_) !=
      text.size()) {
    throw IoError(where(i) + ": the file became shorter while in use");
  }
  return parse_json(text, where(i));
}

std::string RecordIndex::where(size_t i) const {
  return name_ + ", line " + std::to_string(places_.at(i).line);
}

}  // namespace ume
