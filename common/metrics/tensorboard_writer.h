#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "common/files/file_descriptor.h"

namespace ume {

// CRC-32C (Castagnoli), as TFRecord files have it.
uint32_t crc32c(std::string_view bytes);

// Scalars for TensorBoard: an event file (TFRecord of Event messages) of its
// own for each writer, in `folder`.
class TensorBoardWriter {
 public:
  //   wall_seconds: seconds since 1970, part of the file's name.
  // Throws IoError.
  TensorBoardWriter(const std::string& folder, double wall_seconds);

  // Written at once. Throws IoError; an event that could not be written whole
  // is cut off again.
  void add_scalar(std::string_view tag,
                  float value,
                  int64_t step,
                  double wall_seconds);

  const std::string& path() const { return path_; }

 private:
  void append(const std::string& event);

  std::string path_;
  FileDescriptor file_;
  uint64_t size_ = 0;
};

}  // namespace ume
