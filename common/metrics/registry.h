#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

// A process's metrics, rendered for Prometheus. Names begin with "ume_" and end
// with their base unit (_seconds, _bytes), counters with _total. No group or
// trajectory ids in labels.
namespace ume {

// All of these may be used from any thread.
class Counter {
 public:
  // amount >= 0.
  void add(double amount = 1.0) { value_.fetch_add(amount); }
  double value() const { return value_.load(); }

 private:
  std::atomic<double> value_{0.0};
};

class Gauge {
 public:
  void set(double value) { value_.store(value); }
  void add(double amount) { value_.fetch_add(amount); }
  double value() const { return value_.load(); }

 private:
  std::atomic<double> value_{0.0};
};

class Histogram {
 public:
  // upper_bounds: rising; values above the last are counted too.
  explicit Histogram(std::vector<double> upper_bounds);
  void observe(double value);

  struct Snapshot {
    std::vector<double> upper_bounds;
    std::vector<uint64_t> counts;  // one more: above the last bound
    double sum = 0.0;
  };
  Snapshot snapshot() const;

 private:
  mutable std::mutex mu_;
  Snapshot state_;  // guarded by mu_
};

using Labels = std::vector<std::pair<std::string, std::string>>;

class MetricRegistry {
 public:
  MetricRegistry() = default;
  MetricRegistry(const MetricRegistry&) = delete;
  MetricRegistry& operator=(const MetricRegistry&) = delete;

  // The metric of this name and these labels, made at the first call; it lives
  // as long as the registry. A name has one kind and one help text.
  Counter& counter(const std::string& name,
                   const std::string& help,
                   const Labels& labels = {});
  Gauge& gauge(const std::string& name,
               const std::string& help,
               const Labels& labels = {});
  // The bounds of the first call hold for the name.
  Histogram& histogram(const std::string& name,
                       const std::string& help,
                       const std::vector<double>& upper_bounds,
                       const Labels& labels = {});

  // Prometheus' text format 0.0.4, names and labels in alphabetical order.
  std::string render() const;

 private:
  enum class Kind { kCounter, kGauge, kHistogram };
  struct Family {
    Kind kind = Kind::kCounter;
    std::string help;
    std::vector<double> upper_bounds;
    // By rendered labels, e.g. `role="rollout"`.
    std::map<std::string, std::unique_ptr<Counter>> counters;
    std::map<std::string, std::unique_ptr<Gauge>> gauges;
    std::map<std::string, std::unique_ptr<Histogram>> histograms;
  };
  Family& family(const std::string& name, Kind kind, const std::string& help);
  static void render_family(const std::string& name,
                            const Family& family,
                            std::string& out);

  mutable std::mutex mu_;
  std::map<std::string, Family> families_;  // guarded by mu_
};

}  // namespace ume
