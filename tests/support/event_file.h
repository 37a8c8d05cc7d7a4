#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "common/files/files.h"
#include "common/metrics/tensorboard_writer.h"

// TensorBoard's event files, read back.
namespace ume::test {

template <class Number>
Number number_at(const std::string& bytes, size_t offset) {
  Number value{};
  REQUIRE(offset + sizeof(value) <= bytes.size());
  std::memcpy(&value, bytes.data() + offset, sizeof(value));
  return value;
}

inline uint32_t masked_checksum(const std::string& bytes) {
  const uint32_t crc = crc32c(bytes);
  return ((crc >> 15) | (crc << 17)) + 0xa282ead8u;
}

// The data of each record, after a check of both checksums.
inline std::vector<std::string> event_records(const std::string& bytes) {
  std::vector<std::string> all;
  size_t offset = 0;
  while (offset < bytes.size()) {
    const auto length = number_at<uint64_t>(bytes, offset);
    CHECK(number_at<uint32_t>(bytes, offset + 8) ==
          masked_checksum(bytes.substr(offset, 8)));
    all.push_back(bytes.substr(offset + 12, length));
    CHECK(number_at<uint32_t>(bytes, offset + 12 + length) ==
          masked_checksum(all.back()));
    offset += 16 + length;
  }
  return all;
}

struct EventScalar {
  std::string tag;
  float value = 0.0f;
  int64_t step = 0;
  double wall_seconds = 0.0;
};

// Reads an event as our writer lays it out: wall_time, step, a summary of one
// value with tag and number; all lengths are below 128.
inline EventScalar event_scalar(const std::string& event) {
  EventScalar scalar;
  scalar.wall_seconds = number_at<double>(event, 1);
  size_t at = 10;  // behind the step's key
  for (int shift = 0;; shift += 7) {
    const auto byte = number_at<uint8_t>(event, at++);
    scalar.step |= static_cast<int64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) break;
  }
  at += 4;  // keys and lengths of summary and value
  REQUIRE(number_at<uint8_t>(event, at) == 0x0a);
  const auto length = number_at<uint8_t>(event, at + 1);
  scalar.tag = event.substr(at + 2, length);
  at += 2 + length;
  REQUIRE(number_at<uint8_t>(event, at) == 0x15);
  scalar.value = number_at<float>(event, at + 1);
  CHECK(at + 5 == event.size());
  return scalar;
}

// All scalars of the event files in `folder`, file after file by name; nothing
// when there is no folder.
inline std::vector<EventScalar> event_scalars(const std::string& folder) {
  namespace fs = std::filesystem;
  std::vector<std::string> files;
  if (fs::exists(folder)) {
    for (const auto& entry : fs::directory_iterator(folder)) {
      files.push_back(entry.path().string());
    }
  }
  std::sort(files.begin(), files.end());
  std::vector<EventScalar> all;
  for (const std::string& file : files) {
    const auto records = event_records(read_file(file));
    REQUIRE_FALSE(records.empty());
    CHECK_THAT(records[0], Catch::Contains("brain.Event:2"));
    for (size_t i = 1; i < records.size(); ++i) {
      all.push_back(event_scalar(records[i]));
    }
  }
  return all;
}

}  // namespace ume::test
