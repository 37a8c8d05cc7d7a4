#include "reward/explain/explanation.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <numeric>
#include <set>
#include <utility>

#include "common/error/error.h"
#include "reward/explain/rule_text.h"

namespace ume {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxNamed = 20;

// Whether the id that a person typed means the record's.
bool same_id(const std::string& record, const std::string& typed) {
  return record == typed || record == nlohmann::json(typed).dump();
}

template <class Get>
[[noreturn]] void fail_unknown(const char* what,
                               const std::string& typed,
                               const std::vector<TrajectoryRecord>& records,
                               Get get) {
  std::set<std::string> known;
  for (const TrajectoryRecord& record : records) known.insert(get(record));
  std::string list;
  size_t shown = 0;
  for (const std::string& id : known) {
    if (shown++ == kMaxNamed) {
      list += ", …";
      break;
    }
    list += (list.empty() ? "" : ", ") + id;
  }
  throw InvalidInput(
      std::string("no ") + what + " " + typed +
      " in the input; there is: " + (list.empty() ? "nothing" : list));
}

std::vector<TrajectoryRecord> of_cohort(
    const std::vector<TrajectoryRecord>& records, const std::string& cohort) {
  std::vector<TrajectoryRecord> out;
  for (const TrajectoryRecord& record : records) {
    if (same_id(record.cohort, cohort)) out.push_back(record);
  }
  if (out.empty()) {
    fail_unknown("cohort", cohort, records,
                 [](const TrajectoryRecord& r) { return r.cohort; });
  }
  return out;
}

bool usable(const std::vector<float>& embedding) {
  double square = 0.0;
  for (const float v : embedding) square += static_cast<double>(v) * v;
  return std::isfinite(square) && square > 0.0;
}

double cosine(const TrajectoryRecord& a, const TrajectoryRecord& b) {
  const auto& x = a.gen_embedding;
  const auto& y = b.gen_embedding;
  if (x.size() != y.size() || !usable(x) || !usable(y)) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  double dot = 0.0;
  double xx = 0.0;
  double yy = 0.0;
  for (size_t i = 0; i < x.size(); ++i) {
    dot += static_cast<double>(x[i]) * y[i];
    xx += static_cast<double>(x[i]) * x[i];
    yy += static_cast<double>(y[i]) * y[i];
  }
  return dot / std::sqrt(xx * yy);
}

// Rank of each own column among those with a similarity.
std::vector<int64_t> own_ranks(const std::vector<double>& similarity,
                               const std::vector<ExplainedColumn>& columns) {
  std::vector<size_t> order;
  for (size_t i = 0; i < similarity.size(); ++i) {
    if (!std::isnan(similarity[i])) order.push_back(i);
  }
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return similarity[a] > similarity[b];
  });
  std::vector<int64_t> rank(similarity.size(), 0);
  for (size_t place = 0; place < order.size(); ++place) {
    rank[order[place]] = static_cast<int64_t>(place) + 1;
  }
  std::vector<int64_t> out;
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].own) out.push_back(rank[i]);
  }
  return out;
}

// Records of one side in the order of the cohort: pairs by first appearance,
// then samples.
std::vector<size_t> rows_of_side(const std::vector<TrajectoryRecord>& records,
                                 Side side) {
  std::map<std::string, size_t> first;
  for (size_t i = 0; i < records.size(); ++i) first.emplace(records[i].pair, i);
  std::vector<size_t> rows;
  for (size_t i = 0; i < records.size(); ++i) {
    if (records[i].side == side) rows.push_back(i);
  }
  std::sort(rows.begin(), rows.end(), [&](size_t a, size_t b) {
    return std::pair(first.at(records[a].pair), records[a].sample) <
           std::pair(first.at(records[b].pair), records[b].sample);
  });
  return rows;
}

ExplainedRow explain_row(const RewardConfig& config,
                         const TrajectoryRecord& record,
                         const ScoredRecord& scored,
                         const std::vector<ExplainedColumn>& columns,
                         std::vector<double> similarity) {
  ExplainedRow row;
  row.sample = record.sample;
  row.completion = record.completion;
  row.reward = scored.reward;
  row.own_ranks = own_ranks(similarity, columns);
  row.similarity = std::move(similarity);
  for (size_t i = 0; i < scored.components.size(); ++i) {
    const auto& [name, cell] = scored.components[i];
    if (i == config.terms.size()) {  // beside the terms, with `normalise`
      row.terms.push_back({name, 0.0, cell, "the sum before normalisation"});
      break;
    }
    const RewardTermConfig& term = config.terms[i];
    row.terms.push_back(
        {name, term.weight, cell, rule_text(term, cell, row, columns)});
  }
  return row;
}

ExplainedSide explain_side(const RewardPipeline& pipeline,
                           const std::vector<TrajectoryRecord>& records,
                           const std::vector<ScoredRecord>& scored,
                           const std::string& pair,
                           Side side) {
  ExplainedSide out;
  out.side = side;
  const auto others = rows_of_side(
      records, side == Side::kQuery ? Side::kTarget : Side::kQuery);
  for (const size_t i : others) {
    out.columns.push_back(
        {records[i].pair, records[i].sample, same_id(records[i].pair, pair)});
  }
  for (const size_t row : rows_of_side(records, side)) {
    if (!same_id(records[row].pair, pair)) continue;
    std::vector<double> similarity;
    for (const size_t column : others) {
      similarity.push_back(cosine(records[row], records[column]));
    }
    out.rows.push_back(explain_row(pipeline.config(), records[row], scored[row],
                                   out.columns, std::move(similarity)));
  }
  return out;
}

Json cell_json(const RewardCell& cell) {
  if (cell.state == CellState::kValue) return cell.value;
  const char* state = cell.state == CellState::kInvalid ? "invalid" : "failed";
  return {{state, cell.reason}};
}

Json row_json(const ExplainedRow& row) {
  Json terms = Json::array();
  for (const ExplainedTerm& term : row.terms) {
    terms.push_back({{"name", term.name},
                     {"weight", term.weight},
                     {"value", cell_json(term.cell)},
                     {"rule", term.rule}});
  }
  Json similarity = Json::array();
  for (const double value : row.similarity) {
    similarity.push_back(std::isnan(value) ? Json(nullptr) : Json(value));
  }
  return {{"sample", row.sample},
          {"completion", row.completion},
          {"reward", cell_json(row.reward)},
          {"terms", terms},
          {"own_ranks", row.own_ranks},
          {"similarity", similarity}};
}

Json side_json(const ExplainedSide& side) {
  Json columns = Json::array();
  for (const ExplainedColumn& column : side.columns) {
    columns.push_back({{"pair", Json::parse(column.pair)},
                       {"sample", column.sample},
                       {"own", column.own}});
  }
  Json rows = Json::array();
  for (const ExplainedRow& row : side.rows) rows.push_back(row_json(row));
  return {{"columns", columns}, {"rows", rows}};
}

}  // namespace

Explanation explain_pair(const RewardPipeline& pipeline,
                         const std::vector<TrajectoryRecord>& records,
                         const std::string& cohort,
                         const std::string& pair) {
  const auto mine = of_cohort(records, cohort);
  const bool known = std::any_of(
      mine.begin(), mine.end(),
      [&](const TrajectoryRecord& r) { return same_id(r.pair, pair); });
  if (!known) {
    fail_unknown("pair", pair, mine,
                 [](const TrajectoryRecord& r) { return r.pair; });
  }
  const auto scored = score_records(pipeline, mine);
  Explanation out;
  out.cohort = mine.front().cohort;
  out.pair = pair;
  out.policy_hash = pipeline.policy_hash();
  out.query = explain_side(pipeline, mine, scored, pair, Side::kQuery);
  out.target = explain_side(pipeline, mine, scored, pair, Side::kTarget);
  return out;
}

std::string explanation_json(const Explanation& e) {
  const Json out = {{"cohort", Json::parse(e.cohort)},
                    {"pair", e.pair},
                    {"policy_hash", e.policy_hash},
                    {"query", side_json(e.query)},
                    {"target", side_json(e.target)}};
  return out.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace ume
