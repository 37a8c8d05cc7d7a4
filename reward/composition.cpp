#include "reward/composition.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "reward/missing_embedding.h"
#include "reward/weight_schedule.h"

namespace ume {
namespace {

constexpr double kEpsilon = 1e-4;

std::vector<RewardCell>& cells_of(RewardColumn& column, int side) {
  return side == 0 ? column.query : column.target;
}
const std::vector<RewardCell>& cells_of(const RewardColumn& column, int side) {
  return side == 0 ? column.query : column.target;
}

// Adds a weighted summand; failed beats invalid beats value, and the first
// reason of the worst state stays.
void add_to(RewardCell& total, const RewardCell& part, double weight) {
  if (part.state > total.state) {
    total = {part.state, 0.0, part.reason};
  } else if (total.state == CellState::kValue) {
    total.value += weight * part.value;
    if (!std::isfinite(total.value)) {
      total = {CellState::kFailed, 0.0, "the weighted sum is not finite"};
    }
  }
}

struct Moments {
  double mean = 0.0;
  double deviation = 0.0;  // unbiased; exactly 0 where all are equal
};

Moments moments_of(const std::vector<double>& values) {
  Moments m;
  if (values.empty()) return m;
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  m.mean = *least;
  if (*least == *most) return m;
  const auto count = static_cast<double>(values.size());
  double sum = 0.0;
  for (double value : values) sum += value;
  m.mean = sum / count;
  double squares = 0.0;
  for (double value : values) squares += (value - m.mean) * (value - m.mean);
  m.deviation = std::sqrt(squares / (count - 1.0));
  return m;
}

double scaled(double value, const Moments& m) {
  return (value - m.mean) / (m.deviation + kEpsilon);
}

// One side's total as the weighted sum, and the terms' parts of it.
class Composer {
 public:
  Composer(const RewardConfig& config,
           const Cohort& cohort,
           const std::vector<RewardColumn>& components)
      : config_(config),
        cohort_(cohort),
        components_(components),
        group_(static_cast<size_t>(cohort.group_size)),
        weights_(config, cohort) {}

  std::vector<RewardCell> weighted_sum(int side) const {
    std::vector<RewardCell> total(num_rows());
    for (size_t term = 0; term < components_.size(); ++term) {
      const auto& cells = cells_of(components_[term], side);
      for (size_t first = 0; first < total.size(); first += group_) {
        const double weight = weight_of(term, first);
        if (weight == 0.0) continue;
        for (size_t row = first; row < first + group_; ++row) {
          add_to(total[row], cells[row], weight);
        }
      }
    }
    if (config_.missing_embedding == "drop") drop_missing(side, total);
    return total;
  }

  // weight * component where the total has a value, else 0.
  std::vector<double> part(size_t term,
                           int side,
                           const std::vector<RewardCell>& total) const {
    std::vector<double> out(num_rows(), 0.0);
    const auto& cells = cells_of(components_[term], side);
    for (size_t first = 0; first < out.size(); first += group_) {
      const double weight = weight_of(term, first);
      if (weight == 0.0) continue;
      for (size_t row = first; row < first + group_; ++row) {
        if (total[row].state == CellState::kValue) {
          out[row] = weight * cells[row].value;
        }
      }
    }
    return out;
  }

  // The same with the component normalised within each group.
  std::vector<double> normalised_part(
      size_t term, int side, const std::vector<RewardCell>& total) const {
    std::vector<double> out(num_rows(), 0.0);
    const auto& cells = cells_of(components_[term], side);
    for (size_t first = 0; first < out.size(); first += group_) {
      const double weight = weight_of(term, first);
      if (weight == 0.0) continue;
      std::vector<double> values;
      for (size_t row = first; row < first + group_; ++row) {
        if (total[row].state == CellState::kValue) {
          values.push_back(cells[row].value);
        }
      }
      const Moments moments = moments_of(values);
      for (size_t row = first; row < first + group_; ++row) {
        if (total[row].state == CellState::kValue) {
          out[row] = weight * scaled(cells[row].value, moments);
        }
      }
    }
    return out;
  }

 private:
  size_t num_rows() const {
    return static_cast<size_t>(cohort_.num_pairs * cohort_.group_size);
  }
  // first: row with which a group begins.
  double weight_of(size_t term, size_t first) const {
    return weights_.of(term, static_cast<int64_t>(first / group_));
  }

  void drop_missing(int side, std::vector<RewardCell>& total) const {
    const CohortSide& in = side == 0 ? cohort_.query : cohort_.target;
    const RewardCell dropped{CellState::kInvalid, 0.0, "no <gen_emb>: dropped"};
    for (size_t row = 0; row < total.size(); ++row) {
      if (!has_embedding(in, static_cast<int64_t>(row),
                         MissingEmbedding::kDrop)) {
        add_to(total[row], dropped, 1.0);
      }
    }
  }

  const RewardConfig& config_;
  const Cohort& cohort_;
  const std::vector<RewardColumn>& components_;
  const size_t group_;
  const TermWeights weights_;
};

// Sums the terms' parts and scales them over the side.
void write_normalised(const std::vector<const std::vector<double>*>& parts,
                      std::vector<RewardCell>& total) {
  std::vector<double> sums;
  for (size_t row = 0; row < total.size(); ++row) {
    if (total[row].state != CellState::kValue) continue;
    double sum = 0.0;
    for (const auto* part : parts) sum += (*part)[row];
    sums.push_back(sum);
  }
  const Moments moments = moments_of(sums);
  size_t next = 0;
  for (RewardCell& cell : total) {
    if (cell.state != CellState::kValue) continue;
    cell.value = scaled(sums[next++], moments);
    if (!std::isfinite(cell.value)) {
      cell = {CellState::kFailed, 0.0, "the normalised sum is not finite"};
    }
  }
}

}  // namespace

std::optional<double> parse_weight(const std::string& text) {
  double value = 0.0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

TermWeights::TermWeights(const RewardConfig& config, const Cohort& cohort)
    : num_pairs_(cohort.num_pairs) {
  for (const RewardTermConfig& term : config.terms) {
    const double factor = schedule_factor(term.schedule, cohort.update);
    const size_t first = weights_.size();
    weights_.resize(first + static_cast<size_t>(num_pairs_),
                    term.weight * factor);
    for (const SourceRewardConfig& source : config.sources) {
      const auto at = source.weights.find(term.column());
      if (at == source.weights.end()) continue;
      const double weight = parse_weight(at->second).value_or(0.0) * factor;
      for (size_t pair = 0; pair < cohort.sources.size(); ++pair) {
        if (cohort.sources[pair] == source.source) {
          weights_[first + pair] = weight;
        }
      }
    }
  }
}

ComposedReward compose(const RewardConfig& config,
                       const Cohort& cohort,
                       const std::vector<RewardColumn>& components) {
  const Composer composer(config, cohort, components);
  const bool normalise = config.normalise == "component";
  ComposedReward out;
  out.total.name = "total";
  out.parts.resize(components.size());
  for (int side = 0; side < 2; ++side) {
    std::vector<RewardCell>& total = cells_of(out.total, side);
    total = composer.weighted_sum(side);
    for (size_t term = 0; term < components.size(); ++term) {
      out.parts[term][side] = normalise
                                  ? composer.normalised_part(term, side, total)
                                  : composer.part(term, side, total);
    }
  }
  if (!normalise) return out;
  out.raw = out.total;
  out.raw->name = kRawTotal;
  for (int side = 0; side < 2; ++side) {
    std::vector<const std::vector<double>*> parts;
    for (const auto& part : out.parts) parts.push_back(&part[side]);
    write_normalised(parts, cells_of(out.total, side));
  }
  return out;
}

void clip_values(const std::vector<double>& bounds, RewardColumn& column) {
  if (bounds.empty()) return;
  for (auto* cells : {&column.query, &column.target}) {
    for (RewardCell& cell : *cells) {
      if (cell.state == CellState::kValue) {
        cell.value = std::clamp(cell.value, bounds[0], bounds[1]);
      }
    }
  }
}

}  // namespace ume
