#include "reward/cohort/unit_rows.h"

#include <cblas.h>

#include <algorithm>
#include <cmath>
#include <mutex>

#include "reward/internal/wide.h"

namespace ume {
namespace {

// Within these squared lengths a product of two rows of single precision
// neither overflows nor loses digits to small numbers.
constexpr double kShortest = 0x1p-40;
constexpr double kLongest = 0x1p40;

void use_one_blas_thread() {
  static std::once_flag once;
  std::call_once(once, [] { openblas_set_num_threads(1); });
}

// Numbers whose squares are added in single precision before the sum goes to
// double precision.
constexpr int64_t kChunk = 512;
constexpr int64_t kStep = 4 * kLanes;

UME_WIDE_BODY void add_square(const float* from, Floats& sum) {
  const Floats x = *reinterpret_cast<const StoredFloats*>(from);
  sum += x * x;
}

// later: the row after the next one, asked for ahead of time, into the second
// cache: rows are larger than what the processor fetches by itself, and one row
// takes less time to add than to come.
UME_WIDE_BODY double square_body(const float* row,
                                 const float* later,
                                 int64_t dim) {
  double sum = 0.0;
  int64_t i = 0;
  while (i + kStep <= dim) {
    const int64_t end = std::min(dim, i + kChunk);
    Floats a = {};
    Floats b = {};
    Floats c = {};
    Floats d = {};
    for (; i + kStep <= end; i += kStep) {
      __builtin_prefetch(later + i, 0, 2);
      __builtin_prefetch(later + i + kStep / 2, 0, 2);
      add_square(row + i, a);
      add_square(row + i + kLanes, b);
      add_square(row + i + 2 * kLanes, c);
      add_square(row + i + 3 * kLanes, d);
    }
    a = (a + b) + (c + d);
    for (int64_t l = 0; l < kLanes; ++l) sum += static_cast<double>(a[l]);
  }
  for (; i < dim; ++i) sum += static_cast<double>(row[i]) * row[i];
  return sum;
}

UME_AVX2 double square_avx2(const float* row, const float* later, int64_t dim) {
  return square_body(row, later, dim);
}

// For rows whose squares single precision may not hold.
double exact_square(const float* row, int64_t dim) {
  double sum = 0.0;
  for (int64_t i = 0; i < dim; ++i) sum += static_cast<double>(row[i]) * row[i];
  return sum;
}

bool in_range(double square) {
  return square >= kShortest && square <= kLongest;
}

// out[j] *= scale[j] * factor
UME_WIDE_BODY void scale_body(const float* scale,
                              float factor,
                              int64_t count,
                              float* out) {
  int64_t j = 0;
  for (; j + kLanes <= count; j += kLanes) {
    const Floats by = *reinterpret_cast<const StoredFloats*>(scale + j);
    StoredFloats* at = reinterpret_cast<StoredFloats*>(out + j);
    *at = *at * (by * factor);
  }
  for (; j < count; ++j) out[j] *= scale[j] * factor;
}

UME_AVX2 void scale_avx2(const float* scale,
                         float factor,
                         int64_t count,
                         float* out) {
  scale_body(scale, factor, count, out);
}

void scale_row(const float* scale, float factor, int64_t count, float* out) {
  has_avx2() ? scale_avx2(scale, factor, count, out)
             : scale_body(scale, factor, count, out);
}

}  // namespace

std::vector<double> squared_lengths(std::span<const float> from,
                                    int64_t rows,
                                    int64_t dim) {
  std::vector<double> squares(static_cast<size_t>(rows));
  for (int64_t row = 0; row < rows; ++row) {
    const float* at = from.data() + row * dim;
    const float* later = row + 2 < rows ? at + 2 * dim : at;
    const double square =
        has_avx2() ? square_avx2(at, later, dim) : square_body(at, later, dim);
    squares[row] = in_range(square) ? square : exact_square(at, dim);
  }
  return squares;
}

UnitRows::UnitRows(std::span<const float> from,
                   int64_t dim,
                   std::span<const double> squares,
                   std::span<const uint8_t> usable)
    : from_(from.data()), scale_(usable.size(), 1.0f), dim_(dim) {
  bool direct = true;
  for (size_t row = 0; row < usable.size(); ++row) {
    direct = direct && usable[row] && in_range(squares[row]);
  }
  if (direct) {
    for (size_t row = 0; row < usable.size(); ++row) {
      scale_[row] = static_cast<float>(1.0 / std::sqrt(squares[row]));
    }
    return;
  }
  copy_ = FloatMatrix(num_rows(), dim);
  for (int64_t row = 0; row < num_rows(); ++row) {
    float* out = copy_.row(row);
    if (!usable[row]) {
      std::fill_n(out, dim, 0.0f);
      continue;
    }
    const double scale = 1.0 / std::sqrt(squares[row]);
    const float* in = from_ + row * dim;
    for (int64_t i = 0; i < dim; ++i)
      out[i] = static_cast<float>(in[i] * scale);
  }
}

FloatMatrix cosines(const UnitRows& left, const UnitRows& right) {
  FloatMatrix out(left.num_rows(), right.num_rows());
  const int64_t dim = left.dim();
  if (dim == 0) {
    std::fill_n(out.data.get(), out.num_rows * out.num_columns, 0.0f);
    return out;
  }
  use_one_blas_thread();
  cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, out.num_rows,
              out.num_columns, dim, 1.0f, left.data(), dim, right.data(), dim,
              0.0f, out.data.get(), out.num_columns);
  for (int64_t i = 0; i < out.num_rows; ++i) {
    scale_row(right.scale().data(), left.scale()[i], out.num_columns,
              out.row(i));
  }
  return out;
}

}  // namespace ume
