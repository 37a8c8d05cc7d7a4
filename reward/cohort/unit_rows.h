#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace ume {

// A matrix whose numbers are written before they are read.
struct FloatMatrix {
  FloatMatrix() = default;
  FloatMatrix(int64_t rows, int64_t columns)
      : num_rows(rows),
        num_columns(columns),
        data(std::make_unique_for_overwrite<float[]>(
            static_cast<size_t>(rows * columns))) {}

  float* row(int64_t i) { return data.get() + i * num_columns; }
  const float* row(int64_t i) const { return data.get() + i * num_columns; }
  std::span<const float> all() const {
    return {data.get(), static_cast<size_t>(num_rows * num_columns)};
  }

  int64_t num_rows = 0;
  int64_t num_columns = 0;
  std::unique_ptr<float[]> data;  // row-major
};

// Embeddings by their direction: row i of length 1 is scale[i] times the row in
// memory. Rows that cannot be used are zeros.
class UnitRows {
 public:
  UnitRows() = default;
  // from: [rows, dim] row-major; must outlive this. squares: squared_lengths of
  // it. usable: [rows]. Copies the rows only where their numbers cannot go
  // into a product as they are: one is left out, or far from length 1.
  UnitRows(std::span<const float> from,
           int64_t dim,
           std::span<const double> squares,
           std::span<const uint8_t> usable);

  int64_t num_rows() const { return static_cast<int64_t>(scale_.size()); }
  int64_t dim() const { return dim_; }
  const float* data() const { return copy_.data ? copy_.data.get() : from_; }
  const std::vector<float>& scale() const { return scale_; }

 private:
  const float* from_ = nullptr;
  FloatMatrix copy_;
  std::vector<float> scale_;  // [rows]
  int64_t dim_ = 0;
};

// Sum of squares of each row: of blocks in single precision (relative error
// below 2e-6) where they are of ordinary size, else in double precision. NaN or
// infinite exactly where a row has a number that is not finite.
//   from: [rows, dim] row-major.
std::vector<double> squared_lengths(std::span<const float> from,
                                    int64_t rows,
                                    int64_t dim);

// Cosines of left [m, dim] and right [n, dim]: [m, n]. On one thread, so that
// the result does not depend on the machine's number of cores.
FloatMatrix cosines(const UnitRows& left, const UnitRows& right);

}  // namespace ume
