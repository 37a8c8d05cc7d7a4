#include "reward/explain/disc_rule.h"

#include <cmath>
#include <cstdio>
#include <optional>
#include <span>

namespace ume {
namespace {

// Nothing: one of them cannot be used.
std::optional<double> cosine(std::span<const float> x,
                             std::span<const float> y) {
  double dot = 0.0;
  double xx = 0.0;
  double yy = 0.0;
  for (size_t i = 0; i < x.size(); ++i) {
    dot += static_cast<double>(x[i]) * y[i];
    xx += static_cast<double>(x[i]) * x[i];
    yy += static_cast<double>(y[i]) * y[i];
  }
  const double length = std::sqrt(xx * yy);
  if (!std::isfinite(length) || !(length > 0.0)) return std::nullopt;
  return dot / length;
}

}  // namespace

std::string disc_rule(const CohortView& view, Side side, int64_t row) {
  const Cohort& cohort = view.cohort();
  const auto dim = static_cast<size_t>(cohort.dim);
  const auto row_of = [&](const std::vector<float>& from, int64_t index) {
    return std::span(from).subspan(static_cast<size_t>(index) * dim, dim);
  };
  const Side other = side == Side::kQuery ? Side::kTarget : Side::kQuery;
  const auto& disc = view.side(other).disc_embeddings;
  if (disc.size() != static_cast<size_t>(cohort.num_pairs) * dim) {
    return "the other side has no discriminative embeddings";
  }
  const auto own = row_of(view.side(side).gen_embeddings, row);
  const int64_t pair = row / cohort.group_size;
  double sum = 0.0;
  int64_t count = 0;
  for (int64_t p = 0; p < cohort.num_pairs; ++p) {
    if (!view.is_negative(pair, p)) continue;
    const auto value = cosine(own, row_of(disc, p));
    if (!value) continue;
    sum += *value;
    ++count;
  }
  char text[160];
  std::snprintf(text, sizeof text,
                "discriminative embeddings: %.4f to its pair's, mean %.4f to "
                "%lld negatives'",
                cosine(own, row_of(disc, pair)).value_or(0.0),
                count > 0 ? sum / static_cast<double>(count) : 0.0,
                static_cast<long long>(count));
  return text;
}

}  // namespace ume
