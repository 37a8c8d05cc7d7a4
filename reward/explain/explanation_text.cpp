#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

#include "reward/explain/explanation.h"

namespace ume {
namespace {

constexpr size_t kMaxPairs = 64;        // shown in a row of the heat map
constexpr size_t kMaxCompletion = 160;  // bytes

std::string number(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%+.4f", value);
  return text;
}

std::string cell_text(const RewardCell& cell) {
  switch (cell.state) {
    case CellState::kValue:
      return number(cell.value);
    case CellState::kInvalid:
      return "invalid";
    case CellState::kFailed:
      break;
  }
  return "failed";
}

// One line, without what would move the cursor.
std::string one_line(const std::string& text) {
  std::string out;
  for (const char c : text.substr(0, kMaxCompletion)) {
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
  // A cut inside a character leaves its first bytes: drop them.
  if (text.size() > kMaxCompletion) {
    while (!out.empty() && (out.back() & 0xC0) == 0x80) out.pop_back();
    if (!out.empty() && (out.back() & 0x80) != 0) out.pop_back();
    out += "…";
  }
  return out;
}

// Mean similarity of a row to the columns of each pair, in order.
struct PairMean {
  std::string pair;
  bool own = false;
  double sum = 0.0;
  int count = 0;
};

std::vector<PairMean> pair_means(const ExplainedRow& row,
                                 const std::vector<ExplainedColumn>& columns) {
  std::vector<PairMean> means;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (means.empty() || means.back().pair != columns[i].pair) {
      means.push_back({columns[i].pair, columns[i].own, 0.0, 0});
    }
    if (std::isnan(row.similarity[i])) continue;
    means.back().sum += row.similarity[i];
    ++means.back().count;
  }
  return means;
}

// The smallest and largest mean of a side.
struct Range {
  double low = 1.0;
  double high = -1.0;
};

Range range_of(const ExplainedSide& side) {
  Range range;
  for (const ExplainedRow& row : side.rows) {
    for (const PairMean& mean : pair_means(row, side.columns)) {
      if (mean.count == 0) continue;
      range.low = std::min(range.low, mean.sum / mean.count);
      range.high = std::max(range.high, mean.sum / mean.count);
    }
  }
  return range;
}

const char* shade(double similarity, const Range& range) {
  static constexpr std::array<const char*, 5> kShades = {" ", "░", "▒", "▓",
                                                         "█"};
  const double width = std::max(range.high - range.low, 1e-9);
  const double place = (similarity - range.low) / width * 5.0;
  return kShades[static_cast<size_t>(std::clamp(place, 0.0, 4.0))];
}

std::string heat_line(const ExplainedRow& row,
                      const std::vector<ExplainedColumn>& columns,
                      const Range& range) {
  std::string line;
  const auto means = pair_means(row, columns);
  for (size_t i = 0; i < means.size() && i < kMaxPairs; ++i) {
    const PairMean& mean = means[i];
    const char* mark =
        mean.count == 0 ? "·" : shade(mean.sum / mean.count, range);
    line += mean.own ? std::string("[") + mark + "]" : mark;
  }
  if (means.size() > kMaxPairs) {
    line += " and " + std::to_string(means.size() - kMaxPairs) + " more pairs";
  }
  return line;
}

std::string ranks_text(const ExplainedRow& row) {
  std::string out;
  for (const int64_t rank : row.own_ranks) {
    out += (out.empty() ? "" : " ") +
           (rank == 0 ? std::string("–") : std::to_string(rank));
  }
  return out;
}

std::string side_text(const ExplainedSide& side) {
  const bool query = side.side == Side::kQuery;
  std::string out = std::string(query ? "Query" : "Target") +
                    " side, compared with " +
                    std::to_string(side.columns.size()) +
                    (query ? " target" : " query") + " trajectories\n";
  const Range range = range_of(side);
  out += "  mean similarity by pair, [own]: ' ' " + number(range.low) +
         " … '█' " + number(range.high) + ", '·' no embedding\n";
  for (const ExplainedRow& row : side.rows) {
    out += "  sample " + std::to_string(row.sample) + "  |" +
           heat_line(row, side.columns, range) +
           "|  ranks of own: " + ranks_text(row) + "\n";
  }
  for (const ExplainedRow& row : side.rows) {
    out += "\n  sample " + std::to_string(row.sample) + ": reward " +
           cell_text(row.reward) + "  " + one_line(row.completion) + "\n";
    for (const ExplainedTerm& term : row.terms) {
      char head[160];
      std::snprintf(head, sizeof head, "    %-22.64s %s × %g  ",
                    term.name.c_str(), cell_text(term.cell).c_str(),
                    term.weight);
      out += head + one_line(term.rule) + "\n";
    }
  }
  return out;
}

}  // namespace

std::string explanation_text(const Explanation& e) {
  return "Cohort " + e.cohort + ", pair " + e.pair + ", policy " +
         e.policy_hash + "\n\n" + side_text(e.query) + "\n" +
         side_text(e.target);
}

}  // namespace ume
