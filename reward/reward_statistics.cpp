#include "reward/reward_statistics.h"

#include <array>
#include <cmath>
#include <optional>
#include <span>

#include "reward/duplicates.h"

namespace ume {
namespace {

constexpr double kEpsilon = 1e-4;  // of the group-relative advantage

using Metrics = std::map<std::string, double>;

// A value for each side that has one, and their mean.
void put_sides(const std::string& metric,
               const std::string& name,
               const std::array<std::optional<double>, 2>& values,
               Metrics& out) {
  const std::string tail = name.empty() ? "" : "/" + name;
  double sum = 0.0;
  int count = 0;
  for (const Side side : {Side::kQuery, Side::kTarget}) {
    const std::optional<double>& value = values[static_cast<int>(side)];
    // Beyond what a double holds: left out, as nothing can be said.
    if (!value || !std::isfinite(*value)) continue;
    out[metric + "/" + std::string(side_name(side)) + tail] = *value;
    sum += *value;
    ++count;
  }
  if (count > 0) out[metric + tail] = sum / count;
}

const std::vector<RewardCell>& cells_of(const RewardColumn& column, int side) {
  return side == 0 ? column.query : column.target;
}

// Sum over a group of (a - mean a) (b - mean b).
double co_moment(std::span<const double> a, std::span<const double> b) {
  double mean_a = 0.0;
  double mean_b = 0.0;
  for (size_t i = 0; i < a.size(); ++i) {
    mean_a += a[i];
    mean_b += b[i];
  }
  mean_a /= static_cast<double>(a.size());
  mean_b /= static_cast<double>(a.size());
  double sum = 0.0;
  for (size_t i = 0; i < a.size(); ++i) {
    sum += (a[i] - mean_a) * (b[i] - mean_b);
  }
  return sum;
}

// A group's numbers in the rows where `cells` has a value, in `out`.
template <class Number>
void gather(const std::vector<RewardCell>& cells,
            size_t first,
            size_t group,
            Number number,
            std::vector<double>& out) {
  out.clear();
  for (size_t row = first; row < first + group; ++row) {
    if (cells[row].state == CellState::kValue) out.push_back(number(row));
  }
}

std::optional<double> group_deviation(const std::vector<RewardCell>& cells,
                                      size_t group) {
  double sum = 0.0;
  int64_t count = 0;
  std::vector<double> values;
  for (size_t first = 0; first < cells.size(); first += group) {
    gather(
        cells, first, group, [&](size_t row) { return cells[row].value; },
        values);
    if (values.size() < 2) continue;
    sum += std::sqrt(co_moment(values, values) /
                     static_cast<double>(values.size() - 1));
    ++count;
  }
  if (count == 0) return std::nullopt;
  return sum / static_cast<double>(count);
}

// Of each term, over the groups of one side. Empty where nothing varies.
std::vector<double> advantage_shares(const ComposedReward& composed,
                                     int side,
                                     size_t group) {
  const auto& total = cells_of(composed.total, side);
  std::vector<double> shares(composed.parts.size(), 0.0);
  std::vector<double> sums;  // of the parts, by valued row of the group
  std::vector<double> values;
  double all = 0.0;
  for (size_t first = 0; first < total.size(); first += group) {
    gather(
        total, first, group,
        [&](size_t row) {
          double value = 0.0;
          for (const auto& part : composed.parts) value += part[side][row];
          return value;
        },
        sums);
    if (sums.size() < 2) continue;
    const auto degrees = static_cast<double>(sums.size() - 1);
    const double variance = co_moment(sums, sums) / degrees;
    const double deviation = std::sqrt(variance) + kEpsilon;
    const double scale = composed.raw ? 1.0 : 1.0 / (deviation * deviation);
    all += variance * scale;
    for (size_t term = 0; term < shares.size(); ++term) {
      const std::vector<double>& part = composed.parts[term][side];
      gather(
          total, first, group, [&](size_t row) { return part[row]; }, values);
      shares[term] += co_moment(values, sums) / degrees * scale;
    }
  }
  if (!(all > 0.0)) return {};
  for (double& share : shares) share /= all;
  return shares;
}

bool counts(const std::array<std::vector<double>, 2>& part) {
  for (const std::vector<double>& side : part) {
    for (const double value : side) {
      if (value != 0.0) return true;
    }
  }
  return false;
}

std::optional<double> ranking_at_1(const CohortView& view, Side side) {
  int64_t compared = 0;
  int64_t at_1 = 0;
  for (int64_t row = 0; row < view.num_rows(); ++row) {
    const RowComparison& comparison = view.comparisons(side)[row];
    if (comparison.state != CellState::kValue || !view.takes_part(side, row)) {
      continue;
    }
    ++compared;
    at_1 += comparison.ranking == 1.0;
  }
  if (compared == 0) return std::nullopt;
  return static_cast<double>(at_1) / static_cast<double>(compared);
}

}  // namespace

Metrics reward_statistics(const CohortView& view,
                          const std::vector<RewardColumn>& components,
                          const ComposedReward& composed) {
  const auto group = static_cast<size_t>(view.cohort().group_size);
  Metrics out;
  const auto put_deviation = [&](const RewardColumn& column) {
    put_sides("reward_group_std", column.name,
              {group_deviation(column.query, group),
               group_deviation(column.target, group)},
              out);
  };
  for (const RewardColumn& column : components) put_deviation(column);
  put_deviation(composed.raw ? *composed.raw : composed.total);
  const std::array<std::vector<double>, 2> shares = {
      advantage_shares(composed, 0, group),
      advantage_shares(composed, 1, group)};
  for (size_t term = 0; term < composed.parts.size(); ++term) {
    if (!counts(composed.parts[term])) continue;
    std::array<std::optional<double>, 2> of_term;
    for (int side = 0; side < 2; ++side) {
      if (!shares[side].empty()) of_term[side] = shares[side][term];
    }
    put_sides("reward_advantage_share", components[term].name, of_term, out);
  }
  if (view.compared()) {
    put_sides(
        "reward_ranking_at_1", "",
        {ranking_at_1(view, Side::kQuery), ranking_at_1(view, Side::kTarget)},
        out);
  }
  out["reward_equal_targets"] =
      static_cast<double>(count_equal_targets(view.cohort()));
  return out;
}

}  // namespace ume
