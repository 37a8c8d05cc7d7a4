#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace ume {

// A mean with its percentile interval.
struct Estimate {
  double mean = 0.0;
  double low = 0.0;
  double high = 0.0;
  int64_t num_values = 0;
  int64_t num_clusters = 0;
  bool operator==(const Estimate&) const = default;
};

struct BootstrapOptions {
  int64_t resamples = 2000;
  double level = 0.95;  // of the interval, two-sided
  uint64_t seed = 2024;
};

// The mean of all values and the percentile bootstrap interval of it, where
// whole clusters are drawn with replacement: values that share a cluster (all
// forms of one question, say) are not independent. The interval is a pure
// function of its inputs.
//
// values: [n]; clusters: [n], a name per value, or empty: each value for
// itself. Without values all numbers are 0; with one cluster the interval is
// the point.
// Throws InvalidInput when the lists differ in length, a value is not finite
// or the options are out of range.
Estimate bootstrap_mean(std::span<const double> values,
                        std::span<const std::string> clusters,
                        const BootstrapOptions& options = {});

}  // namespace ume
