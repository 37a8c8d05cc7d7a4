#include "model/weights/weight_scan.h"

#include <algorithm>

namespace ume {

std::vector<NonFinite> find_non_finite(const StoredWeights& weights) {
  constexpr int64_t kPiece = int64_t{4} << 20;
  std::vector<NonFinite> found;
  for (const auto& [name, view] : weights.tensors()) {
    NonFinite counts{.name = name};
    int64_t total = 1;
    for (const int64_t size : view.shape) total *= size;
    for (int64_t first = 0; first < total; first += kPiece) {
      auto piece = torch::empty({std::min(kPiece, total - first)});
      weights.read(name, first, piece);
      // The sum is finite unless a value is not (or the sum overflows).
      if (std::isfinite(piece.abs().sum(torch::kFloat64).item<double>())) {
        continue;
      }
      counts.num_nan += piece.isnan().sum().item<int64_t>();
      counts.num_infinite += piece.isinf().sum().item<int64_t>();
    }
    if (counts.num_nan + counts.num_infinite > 0) found.push_back(counts);
  }
  return found;
}

}  // namespace ume
