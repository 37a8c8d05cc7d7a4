#include "reward/internal/unit_rows.h"

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

UME_WIDE_BODY double square_body(const float* row, int64_t dim) {
  Doubles first = {};
  Doubles second = {};
  int64_t i = 0;
  for (; i + 2 * kLanes <= dim; i += 2 * kLanes) {
    const Doubles a = __builtin_convertvector(
        *reinterpret_cast<const StoredFloats*>(row + i), Doubles);
    const Doubles b = __builtin_convertvector(
        *reinterpret_cast<const StoredFloats*>(row + i + kLanes), Doubles);
    first += a * a;
    second += b * b;
  }
  double sum = 0.0;
  for (; i < dim; ++i) sum += static_cast<double>(row[i]) * row[i];
  first += second;
  for (int64_t l = 0; l < kLanes; ++l) sum += first[l];
  return sum;
}

UME_AVX2 double square_avx2(const float* row, int64_t dim) {
  return square_body(row, dim);
}

void scale_row(const float* left, float factor, int64_t count, float* out) {
  for (int64_t j = 0; j < count; ++j) out[j] *= left[j] * factor;
}

}  // namespace

std::vector<double> squared_lengths(std::span<const float> from,
                                    int64_t rows,
                                    int64_t dim) {
  std::vector<double> squares(static_cast<size_t>(rows));
  for (int64_t row = 0; row < rows; ++row) {
    const float* at = from.data() + row * dim;
    squares[row] = has_avx2() ? square_avx2(at, dim) : square_body(at, dim);
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
    direct = direct && usable[row] && squares[row] >= kShortest &&
             squares[row] <= kLongest;
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
