#include "kernels/wide_linear.h"

#include <catch2/catch.hpp>

namespace ume {
namespace {

// x * weight^T + bias, widened first. Rounding of `in` sums of numbers of size
// 1 is allowed for.
void check_product(int64_t rows,
                   int64_t in,
                   int64_t out,
                   torch::ScalarType dtype) {
  CAPTURE(rows, in, out, dtype);
  const auto x = torch::randn({rows, in});
  const auto weight = torch::randn({out, in}).to(dtype);
  const auto bias = out == 65 ? torch::Tensor() : torch::randn({out});
  const auto found = wide_linear(x, weight, bias);
  auto expected =
      torch::matmul(x.to(torch::kFloat64), weight.to(torch::kFloat64).t());
  if (bias.defined()) expected.add_(bias);
  const double tolerance = 1e-6 * (1.0 + std::sqrt(in)) * 4.0;
  CHECK((found - expected).abs().max().item<double>() < tolerance);
}

TEST_CASE("wide_linear: equals the product with the widened weight") {
  torch::manual_seed(3);
  // Few rows and many; widths with and without a rest behind the vectors.
  for (const int64_t rows : {1, 2, 7, 8, 9, 40}) {
    for (const int64_t in : {1, 15, 32, 100, 1536}) {
      for (const int64_t out : {1, 65, 700}) {
        check_product(rows, in, out, torch::kBFloat16);
        check_product(rows, in, out, torch::kFloat16);
      }
    }
  }
}

TEST_CASE("wide_linear: widens every 16-bit number as the library does") {
  const auto all = torch::arange(65536, torch::kInt32).to(torch::kInt16);
  for (const auto dtype : {torch::kBFloat16, torch::kFloat16}) {
    const auto weight = all.view(dtype).view({-1, 1}).contiguous();
    const auto found = wide_linear(torch::ones({1, 1}), weight, {}).view({-1});
    const auto expected = weight.to(torch::kFloat32).view({-1});
    CHECK(torch::allclose(found, expected, 0.0, 0.0, /*equal_nan=*/true));
  }
}

TEST_CASE("wide_linear: takes rows that are not contiguous") {
  const auto x = torch::randn({32, 6}).t().slice(0, 0, 3);
  const auto weight = torch::randn({5, 32}).to(torch::kBFloat16);
  const auto found = wide_linear(x, weight, {});
  CHECK(torch::allclose(found, torch::matmul(x, weight.to(torch::kFloat32).t()),
                        1e-5, 1e-5));
}

}  // namespace
}  // namespace ume
