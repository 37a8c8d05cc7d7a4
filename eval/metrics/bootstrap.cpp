#include "eval/metrics/bootstrap.h"

#include <algorithm>
#include <cmath>
#include <unordered_map>

#include "common/error/error.h"
#include "common/random/philox.h"

namespace ume {
namespace {

struct Cluster {
  double sum = 0.0;
  int64_t count = 0;
};

std::vector<Cluster> group(std::span<const double> values,
                           std::span<const std::string> names) {
  std::vector<Cluster> clusters;
  std::unordered_map<std::string, size_t> index;
  for (size_t i = 0; i < values.size(); ++i) {
    if (!std::isfinite(values[i])) {
      throw InvalidInput("bootstrap: value " + std::to_string(i) +
                         " is not a finite number");
    }
    size_t at = i;
    if (!names.empty())
      at = index.emplace(names[i], clusters.size()).first->second;
    if (at == clusters.size()) clusters.emplace_back();
    clusters[at].sum += values[i];
    ++clusters[at].count;
  }
  return clusters;
}

double resampled_mean(const std::vector<Cluster>& clusters,
                      RandomStream& random) {
  const uint64_t size = clusters.size();
  Cluster total;
  // Two draws from each 64 bits; the bias of multiply-and-shift is below
  // size / 2^32.
  for (uint64_t i = 0; i < size; i += 2) {
    const uint64_t bits = random.next_u64();
    const Cluster& first = clusters[((bits & 0xffffffffu) * size) >> 32];
    total.sum += first.sum;
    total.count += first.count;
    if (i + 1 == size) break;
    const Cluster& second = clusters[((bits >> 32) * size) >> 32];
    total.sum += second.sum;
    total.count += second.count;
  }
  return total.sum / static_cast<double>(total.count);
}

// Linear interpolation between order statistics; fraction in [0, 1].
double quantile(const std::vector<double>& sorted, double fraction) {
  const double at = fraction * static_cast<double>(sorted.size() - 1);
  const auto below = static_cast<size_t>(at);
  const size_t above = std::min(below + 1, sorted.size() - 1);
  const double weight = at - static_cast<double>(below);
  return sorted[below] + weight * (sorted[above] - sorted[below]);
}

void check(size_t values, size_t clusters, const BootstrapOptions& options) {
  if (clusters != 0 && clusters != values) {
    throw InvalidInput("bootstrap: " + std::to_string(values) + " values but " +
                       std::to_string(clusters) + " cluster names");
  }
  if (options.resamples < 1 || !(options.level > 0.0 && options.level < 1.0)) {
    throw InvalidInput(
        "bootstrap: expected at least one resample and a level "
        "between 0 and 1");
  }
}

}  // namespace

Estimate bootstrap_mean(std::span<const double> values,
                        std::span<const std::string> names,
                        const BootstrapOptions& options) {
  check(values.size(), names.size(), options);
  Estimate out;
  if (values.empty()) return out;
  const std::vector<Cluster> clusters = group(values, names);
  double sum = 0.0;
  for (const Cluster& cluster : clusters) sum += cluster.sum;
  out.num_values = static_cast<int64_t>(values.size());
  out.num_clusters = static_cast<int64_t>(clusters.size());
  out.mean = sum / static_cast<double>(values.size());
  std::vector<double> means(options.resamples);
  for (int64_t i = 0; i < options.resamples; ++i) {
    RandomStream random(options.seed, static_cast<uint64_t>(i));
    means[i] = resampled_mean(clusters, random);
  }
  std::sort(means.begin(), means.end());
  const double tail = (1.0 - options.level) / 2.0;
  out.low = quantile(means, tail);
  out.high = quantile(means, 1.0 - tail);
  return out;
}

}  // namespace ume
