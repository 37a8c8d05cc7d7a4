#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "common/tensorfile/safetensors.h"

namespace ume {

struct ColumnType {
  std::string name;
  DType dtype = DType::kF32;
  int64_t width = 0;       // values of one item; 0: a plain number
  bool has_items = false;  // a row has any number of items, else one
};

// The bytes of a row: a vector of numbers or a string.
template <class Values>
std::span<const std::byte> bytes_of(const Values& values) {
  return std::as_bytes(std::span(values.data(), values.size()));
}

// Results collected row by row and written as tensors of one safetensors file:
// NAME [rows, width] or [rows], or of columns with items NAME [items of all
// rows, width] or [items] and NAME_offsets [rows + 1], int64: where each row's
// items begin, and the end. A column without rows is there, too. Rows wait in
// unnamed files beside the output, not in memory.
class TensorColumns {
 public:
  // path: of the file to come. Throws IoError if it cannot be written there.
  TensorColumns(std::string path, const std::vector<ColumnType>& columns);
  TensorColumns(TensorColumns&&) noexcept;
  ~TensorColumns();

  // The next row of a column. Throws IoError.
  void add(const std::string& name, std::span<const std::byte> values);

  // Writes the file. Throws IoError.
  void finish();

 private:
  class Spool;
  struct Column;

  std::string path_;
  std::map<std::string, Column> columns_;
};

}  // namespace ume
