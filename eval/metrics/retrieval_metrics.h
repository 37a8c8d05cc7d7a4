#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ume {

// In the published score files' order.
enum class Metric : uint8_t {
  kHit = 0,
  kNdcgLinear,
  kNdcgExponential,
  kPrecision,
  kRecall,
  kF1,
  kMap,
  kMrr,
};
constexpr size_t kNumMetrics = 8;
constexpr std::array<int64_t, 3> kCutoffs = {1, 5, 10};

// Every metric at every cutoff, of one query or a mean of queries.
struct MetricValues {
  std::array<double, kNumMetrics * kCutoffs.size()> values{};

  // cutoff_index: into kCutoffs.
  double& at(Metric metric, size_t cutoff_index) {
    return values[static_cast<size_t>(metric) * kCutoffs.size() + cutoff_index];
  }
  double at(Metric metric, size_t cutoff_index) const {
    return values[static_cast<size_t>(metric) * kCutoffs.size() + cutoff_index];
  }
  bool operator==(const MetricValues&) const = default;
};

// "hit@1", "hit@5", …, in the order of MetricValues::values.
const std::vector<std::string>& metric_names();

// One query. k = cutoff, hits = distinct labels among the first k:
//   hit 1 if hits > 0 · precision hits / k (even if fewer are ranked)
//   recall hits / labels (1 without labels) · f1 their harmonic mean
//   map sum over ranks <= k that hold a label of (labels so far / rank),
//       divided by min(labels, k) · mrr 1 / rank of the first label, else 0
//   ndcg sum of gain / log2(rank + 1), divided by the same sum over the k
//        largest gains; gain = grade (linear) or 2^grade - 1 (exponential)
// Everything but recall is 0 without labels.
//
// ranking: candidates, best first; a repeated one counts at its first place.
// labels: relevant candidates, also such that are not ranked; repeated ones
//   count once (with the first grade).
// grades: one per label, or empty for 1 each. A grade of 0 still makes a label.
// Throws InvalidInput when grades and labels differ in number, or a grade is
// negative or not finite.
// Source: UME-R1's published metrics, with grades kept aligned.
MetricValues query_metrics(std::span<const int64_t> ranking,
                           std::span<const int64_t> labels,
                           std::span<const double> grades = {});
MetricValues query_metrics(std::span<const std::string> ranking,
                           std::span<const std::string> labels,
                           std::span<const double> grades = {});

// Plain mean over queries; all 0 without any.
MetricValues mean_metrics(std::span<const MetricValues> queries);

}  // namespace ume
