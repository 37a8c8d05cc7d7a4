#include "eval/metrics/retrieval_metrics.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <unordered_map>

#include "common/error/error.h"

namespace ume {
namespace {

// A ranking, reduced to what metrics depend on.
struct Judged {
  std::vector<double> grade_at;  // first ranks; -1 where no label stands
  std::vector<double> ideal;     // grades of all labels, descending
};

template <class Id>
Judged judge(std::span<const Id> ranking,
             std::span<const Id> labels,
             std::span<const double> grades) {
  if (!grades.empty() && grades.size() != labels.size()) {
    throw InvalidInput("relevance grades: " + std::to_string(grades.size()) +
                       " for " + std::to_string(labels.size()) + " labels");
  }
  std::unordered_map<Id, double> wanted;
  Judged out;
  for (size_t i = 0; i < labels.size(); ++i) {
    const double grade = grades.empty() ? 1.0 : grades[i];
    if (!(grade >= 0.0) || !std::isfinite(grade)) {
      throw InvalidInput("relevance grades: found " + std::to_string(grade) +
                         ", expected finite numbers of 0 or more");
    }
    if (wanted.emplace(labels[i], grade).second) out.ideal.push_back(grade);
  }
  std::sort(out.ideal.begin(), out.ideal.end(), std::greater<>());
  const size_t depth =
      std::min(ranking.size(), static_cast<size_t>(kCutoffs.back()));
  for (size_t rank = 0; rank < depth; ++rank) {
    const auto at = wanted.find(ranking[rank]);
    out.grade_at.push_back(at == wanted.end() ? -1.0 : at->second);
    if (at != wanted.end()) wanted.erase(at);
  }
  return out;
}

// Sum of gain / log2(rank + 1) over the first k.
template <class Gain>
double discounted(const std::vector<double>& grades, size_t k, Gain gain) {
  double sum = 0.0;
  for (size_t i = 0; i < std::min(k, grades.size()); ++i) {
    if (grades[i] > 0.0) {
      sum += gain(grades[i]) / std::log2(static_cast<double>(i) + 2.0);
    }
  }
  return sum;
}

template <class Gain>
double ndcg(const Judged& judged, size_t k, Gain gain) {
  const double ideal = discounted(judged.ideal, k, gain);
  return ideal > 0.0 ? discounted(judged.grade_at, k, gain) / ideal : 0.0;
}

void fill_cutoff(const Judged& judged, size_t index, MetricValues& out) {
  const auto k = static_cast<size_t>(kCutoffs[index]);
  const auto num_labels = static_cast<double>(judged.ideal.size());
  double hits = 0.0;
  double precision_sum = 0.0;
  double first = 0.0;
  for (size_t i = 0; i < std::min(k, judged.grade_at.size()); ++i) {
    if (judged.grade_at[i] < 0.0) continue;
    const double rank = static_cast<double>(i) + 1.0;
    hits += 1.0;
    precision_sum += hits / rank;
    if (first == 0.0) first = 1.0 / rank;
  }
  const double precision = hits / static_cast<double>(k);
  const double recall = num_labels > 0.0 ? hits / num_labels : 1.0;
  out.at(Metric::kHit, index) = hits > 0.0 ? 1.0 : 0.0;
  out.at(Metric::kPrecision, index) = precision;
  out.at(Metric::kRecall, index) = recall;
  out.at(Metric::kMrr, index) = first;
  if (hits > 0.0) {
    out.at(Metric::kF1, index) =
        2.0 * precision * recall / (precision + recall);
    out.at(Metric::kMap, index) =
        precision_sum / std::min(num_labels, static_cast<double>(k));
  }
  out.at(Metric::kNdcgLinear, index) =
      ndcg(judged, k, [](double grade) { return grade; });
  out.at(Metric::kNdcgExponential, index) =
      ndcg(judged, k, [](double grade) { return std::exp2(grade) - 1.0; });
}

template <class Id>
MetricValues metrics_of(std::span<const Id> ranking,
                        std::span<const Id> labels,
                        std::span<const double> grades) {
  const Judged judged = judge(ranking, labels, grades);
  MetricValues out;
  for (size_t i = 0; i < kCutoffs.size(); ++i) fill_cutoff(judged, i, out);
  return out;
}

}  // namespace

const std::vector<std::string>& metric_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> out;
    for (const char* metric : {"hit", "ndcg_linear", "ndcg_exponential",
                               "precision", "recall", "f1", "map", "mrr"}) {
      for (int64_t k : kCutoffs) {
        out.push_back(std::string(metric) + "@" + std::to_string(k));
      }
    }
    return out;
  }();
  return names;
}

MetricValues query_metrics(std::span<const int64_t> ranking,
                           std::span<const int64_t> labels,
                           std::span<const double> grades) {
  return metrics_of(ranking, labels, grades);
}

MetricValues query_metrics(std::span<const std::string> ranking,
                           std::span<const std::string> labels,
                           std::span<const double> grades) {
  return metrics_of(ranking, labels, grades);
}

MetricValues mean_metrics(std::span<const MetricValues> queries) {
  MetricValues mean;
  if (queries.empty()) return mean;
  for (const MetricValues& query : queries) {
    for (size_t i = 0; i < mean.values.size(); ++i) {
      mean.values[i] += query.values[i];
    }
  }
  for (double& value : mean.values) {
    value /= static_cast<double>(queries.size());
  }
  return mean;
}

}  // namespace ume
