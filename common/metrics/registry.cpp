#include "common/metrics/registry.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "common/error/check.h"

namespace ume {
namespace {

bool is_name(const std::string& name) {
  return !name.empty() &&
         name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") ==
             std::string::npos &&
         !(name[0] >= '0' && name[0] <= '9');
}

bool ends_with(const std::string& text, const std::string& end) {
  return text.size() >= end.size() &&
         text.compare(text.size() - end.size(), end.size(), end) == 0;
}

std::string escaped(const std::string& text, bool quotes) {
  std::string out;
  for (char c : text) {
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '"' && quotes) {
      out += "\\\"";
    } else {
      out += c;
    }
  }
  return out;
}

std::string rendered(Labels labels) {
  std::sort(labels.begin(), labels.end());
  std::string out;
  for (const auto& [name, value] : labels) {
    UME_CHECK(is_name(name) && name.rfind("__", 0) != 0, "a label's name");
    out +=
        (out.empty() ? "" : ",") + name + "=\"" + escaped(value, true) + "\"";
  }
  return out;
}

std::string number(double value) {
  if (std::isnan(value)) {
    return "NaN";
  }
  if (std::isinf(value)) {
    return value > 0 ? "+Inf" : "-Inf";
  }
  char buffer[40];
  const auto end = std::to_chars(buffer, buffer + sizeof(buffer), value).ptr;
  return {buffer, end};
}

std::string sample(const std::string& name,
                   const std::string& labels,
                   double value) {
  return name + (labels.empty() ? "" : "{" + labels + "}") + " " +
         number(value) + "\n";
}

}  // namespace

Histogram::Histogram(std::vector<double> upper_bounds) {
  UME_CHECK(std::is_sorted(upper_bounds.begin(), upper_bounds.end()),
            "a histogram's bounds rise");
  state_.counts.resize(upper_bounds.size() + 1);
  state_.upper_bounds = std::move(upper_bounds);
}

void Histogram::observe(double value) {
  std::lock_guard lock(mu_);
  const auto bound = std::lower_bound(state_.upper_bounds.begin(),
                                      state_.upper_bounds.end(), value);
  ++state_.counts[static_cast<size_t>(bound - state_.upper_bounds.begin())];
  state_.sum += value;
}

Histogram::Snapshot Histogram::snapshot() const {
  std::lock_guard lock(mu_);
  return state_;
}

MetricRegistry::Family& MetricRegistry::family(const std::string& name,
                                               Kind kind,
                                               const std::string& help) {
  UME_CHECK(is_name(name) && name.rfind("ume_", 0) == 0,
            "a metric's name begins with ume_");
  UME_CHECK(ends_with(name, "_total") == (kind == Kind::kCounter),
            "counters, and no others, end with _total");
  const auto [found, is_new] = families_.try_emplace(name);
  Family& family = found->second;
  if (is_new) {
    family.kind = kind;
    family.help = help;
  }
  UME_CHECK(family.kind == kind, "a metric has one kind");
  return family;
}

Counter& MetricRegistry::counter(const std::string& name,
                                 const std::string& help,
                                 const Labels& labels) {
  std::lock_guard lock(mu_);
  auto& metric = family(name, Kind::kCounter, help).counters[rendered(labels)];
  if (!metric) {
    metric = std::make_unique<Counter>();
  }
  return *metric;
}

Gauge& MetricRegistry::gauge(const std::string& name,
                             const std::string& help,
                             const Labels& labels) {
  std::lock_guard lock(mu_);
  auto& metric = family(name, Kind::kGauge, help).gauges[rendered(labels)];
  if (!metric) {
    metric = std::make_unique<Gauge>();
  }
  return *metric;
}

Histogram& MetricRegistry::histogram(const std::string& name,
                                     const std::string& help,
                                     const std::vector<double>& upper_bounds,
                                     const Labels& labels) {
  std::lock_guard lock(mu_);
  Family& histograms = family(name, Kind::kHistogram, help);
  if (histograms.histograms.empty()) {
    histograms.upper_bounds = upper_bounds;
  }
  auto& metric = histograms.histograms[rendered(labels)];
  if (!metric) {
    metric = std::make_unique<Histogram>(histograms.upper_bounds);
  }
  return *metric;
}

void MetricRegistry::render_family(const std::string& name,
                                   const Family& family,
                                   std::string& out) {
  static const char* const kKinds[] = {"counter", "gauge", "histogram"};
  out += "# HELP " + name + " " + escaped(family.help, false) + "\n";
  out += "# TYPE " + name + " " + kKinds[static_cast<int>(family.kind)] + "\n";
  for (const auto& [labels, metric] : family.counters) {
    out += sample(name, labels, metric->value());
  }
  for (const auto& [labels, metric] : family.gauges) {
    out += sample(name, labels, metric->value());
  }
  for (const auto& [labels, metric] : family.histograms) {
    const Histogram::Snapshot snapshot = metric->snapshot();
    const std::string more = labels.empty() ? "" : labels + ",";
    double count = 0.0;
    for (size_t i = 0; i < snapshot.counts.size(); ++i) {
      count += static_cast<double>(snapshot.counts[i]);
      const double bound = i < snapshot.upper_bounds.size()
                               ? snapshot.upper_bounds[i]
                               : INFINITY;
      out += sample(name + "_bucket", more + "le=\"" + number(bound) + "\"",
                    count);
    }
    out += sample(name + "_sum", labels, snapshot.sum);
    out += sample(name + "_count", labels, count);
  }
}

std::string MetricRegistry::render() const {
  std::lock_guard lock(mu_);
  std::string out;
  for (const auto& [name, family] : families_) {
    render_family(name, family, out);
  }
  return out;
}

}  // namespace ume
