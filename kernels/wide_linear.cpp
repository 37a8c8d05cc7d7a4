#include "kernels/wide_linear.h"

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstring>

#include "common/error/check.h"

namespace ume {
namespace {

// Up to here a row is a stream over the weight; beyond, a matrix product over
// widened strips of it is faster.
constexpr int64_t kFewRows = 8;
constexpr int64_t kStripBytes = 1 << 20;  // of fp32: a core's own cache

constexpr int64_t kLanes = 16;
using Floats = float __attribute__((vector_size(4 * kLanes)));
using Words = uint32_t __attribute__((vector_size(4 * kLanes)));
using Halves = uint16_t __attribute__((vector_size(2 * kLanes)));

struct Problem {
  const float* x;          // [num_rows, in]
  const uint16_t* weight;  // [out, in]
  const float* bias;       // [out] or null
  float* result;           // [num_rows, out]
  int64_t num_rows;
  int64_t in;
  int64_t out;
};

// A bf16 is the upper half of an fp32. By reference: how a vector is returned
// depends on the instruction set.
struct FromBf16 {
  [[gnu::always_inline]] static void widen(const Halves& narrow, Floats& wide) {
    const Words bits = __builtin_convertvector(narrow, Words) << 16;
    std::memcpy(&wide, &bits, sizeof(wide));
  }
};

// An fp16's exponent is biased by 15, an fp32's by 127. The highest one stands
// for infinity and NaN, the lowest for multiples of 2^-24.
struct FromFp16 {
  [[gnu::always_inline]] static void widen(const Halves& narrow, Floats& wide) {
    constexpr uint32_t kBias = (127 - 15) << 23;
    const Words all = __builtin_convertvector(narrow, Words);
    const Words magnitude = all & 0x7fff;
    const Words normal = (magnitude << 13) + kBias;
    const Words special = (magnitude << 13) + 2 * kBias;
    const Floats steps = __builtin_convertvector(magnitude, Floats) * 0x1p-24f;
    Words subnormal;
    std::memcpy(&subnormal, &steps, sizeof(subnormal));
    const Words size = magnitude < 0x0400    ? subnormal
                       : magnitude >= 0x7c00 ? special
                                             : normal;
    const Words bits = size | (all & 0x8000) << 16;
    std::memcpy(&wide, &bits, sizeof(wide));
  }
};

// Outputs [begin, end) of every row. Inlined into one function for each
// instruction set.
template <class From>
[[gnu::always_inline]] inline void dot_rows(const Problem& p,
                                            int64_t begin,
                                            int64_t end) {
  constexpr int64_t kStep = 2 * kLanes;
  for (int64_t o = begin; o < end; ++o) {
    const uint16_t* w = p.weight + o * p.in;
    for (int64_t row = 0; row < p.num_rows; ++row) {
      const float* x = p.x + row * p.in;
      Floats sums[2] = {};
      int64_t i = 0;
      for (; i + kStep <= p.in; i += kStep) {
        for (int64_t half = 0; half < 2; ++half) {
          Halves narrow;
          Floats values;
          Floats weights;
          std::memcpy(&narrow, w + i + half * kLanes, sizeof(narrow));
          std::memcpy(&values, x + i + half * kLanes, sizeof(values));
          From::widen(narrow, weights);
          sums[half] += weights * values;
        }
      }
      const Floats both = sums[0] + sums[1];
      float total = 0.0f;
      for (int64_t lane = 0; lane < kLanes; ++lane) total += both[lane];
      for (; i < p.in; i += kLanes) {
        const int64_t rest = std::min(kLanes, p.in - i);
        Halves narrow = {};
        Floats weights;
        std::memcpy(&narrow, w + i, static_cast<size_t>(rest) * sizeof(*w));
        From::widen(narrow, weights);
        for (int64_t k = 0; k < rest; ++k) total += weights[k] * x[i + k];
      }
      p.result[row * p.out + o] =
          total + (p.bias != nullptr ? p.bias[o] : 0.0f);
    }
  }
}

template <class From>
[[gnu::target("avx512f,avx512bw")]] void dot_rows_avx512(const Problem& p,
                                                         int64_t begin,
                                                         int64_t end) {
  dot_rows<From>(p, begin, end);
}

template <class From>
[[gnu::target("avx2,fma")]] void dot_rows_avx2(const Problem& p,
                                               int64_t begin,
                                               int64_t end) {
  dot_rows<From>(p, begin, end);
}

template <class From>
void dot_rows_plain(const Problem& p, int64_t begin, int64_t end) {
  dot_rows<From>(p, begin, end);
}

using DotRows = void (*)(const Problem&, int64_t, int64_t);

template <class From>
DotRows choose_dot_rows() {
  if (__builtin_cpu_supports("avx512bw")) return dot_rows_avx512<From>;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    return dot_rows_avx2<From>;
  }
  return dot_rows_plain<From>;
}

void multiply_strips(const torch::Tensor& x,
                     const torch::Tensor& weight,
                     const torch::Tensor& bias,
                     torch::Tensor& result) {
  const int64_t out = weight.size(0);
  const int64_t strip =
      std::max<int64_t>(16, kStripBytes / 4 / std::max<int64_t>(1, x.size(1)));
  for (int64_t begin = 0; begin < out; begin += strip) {
    const int64_t count = std::min(strip, out - begin);
    const auto wide = weight.narrow(0, begin, count).to(torch::kFloat32);
    const auto part = torch::matmul(x, wide.t());
    result.narrow(1, begin, count).copy_(part);
  }
  if (bias.defined()) result.add_(bias);
}

}  // namespace

torch::Tensor wide_linear(const torch::Tensor& x,
                          const torch::Tensor& weight,
                          const torch::Tensor& bias) {
  UME_CHECK(x.dim() == 2 && weight.dim() == 2 && x.size(1) == weight.size(1),
            "a matrix for these rows");
  const bool is_bf16 = weight.scalar_type() == torch::kBFloat16;
  UME_CHECK(x.scalar_type() == torch::kFloat32 &&
                (is_bf16 || weight.scalar_type() == torch::kFloat16) &&
                weight.is_contiguous() && x.is_cpu() && weight.is_cpu(),
            "fp32 rows and a bf16 or fp16 weight in main memory");
  const torch::NoGradGuard no_grad;
  auto result = torch::empty({x.size(0), weight.size(0)}, torch::kFloat32);
  if (x.size(0) > kFewRows) {
    multiply_strips(x, weight, bias, result);
    return result;
  }
  static const DotRows dot_bf16 = choose_dot_rows<FromBf16>();
  static const DotRows dot_fp16 = choose_dot_rows<FromFp16>();
  const DotRows dot = is_bf16 ? dot_bf16 : dot_fp16;
  const auto rows = x.contiguous();
  const Problem problem = {
      .x = rows.const_data_ptr<float>(),
      .weight = static_cast<const uint16_t*>(weight.const_data_ptr()),
      .bias = bias.defined() ? bias.const_data_ptr<float>() : nullptr,
      .result = result.data_ptr<float>(),
      .num_rows = rows.size(0),
      .in = rows.size(1),
      .out = weight.size(0)};
  at::parallel_for(0, problem.out, 64, [&](int64_t begin, int64_t end) {
    dot(problem, begin, end);
  });
  return result;
}

}  // namespace ume
