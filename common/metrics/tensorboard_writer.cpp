#include "common/metrics/tensorboard_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <bit>
#include <cerrno>
#include <cstring>

#include "common/error/error.h"
#include "common/files/files.h"

namespace ume {
namespace {

static_assert(std::endian::native == std::endian::little,
              "records are little-endian");

template <class Number>
void put_fixed(std::string& out, Number value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof(value));
}

void put_varint(std::string& out, uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

// Types of Protobuf's wire format.
enum WireType : uint64_t {
  kVarint = 0,
  kFixed64 = 1,
  kBytes = 2,
  kFixed32 = 5
};

void put_key(std::string& out, uint64_t field, WireType type) {
  put_varint(out, field << 3 | type);
}

void put_bytes(std::string& out, uint64_t field, std::string_view bytes) {
  put_key(out, field, kBytes);
  put_varint(out, bytes.size());
  out += bytes;
}

// TensorFlow's Event: wall_time = 1 (double), step = 2 (int64),
// file_version = 3 (string), summary = 5.
std::string event_start(double wall_seconds, int64_t step) {
  std::string event;
  put_key(event, 1, kFixed64);
  put_fixed(event, wall_seconds);
  put_key(event, 2, kVarint);
  put_varint(event, static_cast<uint64_t>(step));
  return event;
}

// Checksums are stored turned and shifted, so that one of data that holds
// checksums is still good.
uint32_t masked_crc(std::string_view bytes) {
  return std::rotr(crc32c(bytes), 15) + 0xa282ead8u;
}

}  // namespace

uint32_t crc32c(std::string_view bytes) {
  static const std::array<uint32_t, 256> kTable = [] {
    std::array<uint32_t, 256> table{};
    for (uint32_t i = 0; i < table.size(); ++i) {
      uint32_t value = i;
      for (int bit = 0; bit < 8; ++bit) {
        value = (value >> 1) ^ ((value & 1) != 0 ? 0x82f63b78u : 0u);
      }
      table[i] = value;
    }
    return table;
  }();
  uint32_t crc = ~0u;
  for (char c : bytes) {
    crc = (crc >> 8) ^ kTable[(crc ^ static_cast<unsigned char>(c)) & 0xff];
  }
  return ~crc;
}

TensorBoardWriter::TensorBoardWriter(const std::string& folder,
                                     double wall_seconds) {
  make_directories(folder);
  char host[256] = "host";
  ::gethostname(host, sizeof(host) - 1);
  const std::string stem = folder + "/events.out.tfevents." +
                           std::to_string(static_cast<int64_t>(wall_seconds)) +
                           "." + host + "." + std::to_string(::getpid()) + ".";
  // A second writer within a second, or a process that was given the number of
  // one before it, takes the next name.
  int64_t number = 0;
  do {
    path_ = stem + std::to_string(number++);
    file_ = FileDescriptor(
        ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  } while (!file_ && errno == EEXIST);
  if (!file_) {
    throw IoError(path_ + ": cannot create: " + std::strerror(errno));
  }
  std::string event = event_start(wall_seconds, 0);
  put_bytes(event, 3, "brain.Event:2");
  append(event);
}

void TensorBoardWriter::add_scalar(std::string_view tag,
                                   float value,
                                   int64_t step,
                                   double wall_seconds) {
  std::string summary_value;  // Summary.Value: tag = 1, simple_value = 2
  put_bytes(summary_value, 1, tag);
  put_key(summary_value, 2, kFixed32);
  put_fixed(summary_value, value);
  std::string summary;  // Summary: value = 1
  put_bytes(summary, 1, summary_value);
  std::string event = event_start(wall_seconds, step);
  put_bytes(event, 5, summary);
  append(event);
}

// TFRecord: length, its checksum, data, its checksum.
void TensorBoardWriter::append(const std::string& event) {
  std::string record;
  put_fixed(record, static_cast<uint64_t>(event.size()));
  put_fixed(record, masked_crc(record));
  record += event;
  put_fixed(record, masked_crc(event));
  uint64_t written = 0;
  while (written < record.size()) {
    const ssize_t count =
        ::pwrite(file_.get(), record.data() + written, record.size() - written,
                 static_cast<off_t>(size_ + written));
    if (count < 0 && errno == EINTR) {
      continue;
    }
    if (count < 0) {
      const std::string error = std::strerror(errno);
      [[maybe_unused]] const int ignored =
          ::ftruncate(file_.get(), static_cast<off_t>(size_));
      throw IoError(path_ + ": cannot write: " + error);
    }
    written += static_cast<uint64_t>(count);
  }
  size_ += written;
}

}  // namespace ume
