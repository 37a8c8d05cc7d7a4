#include "reward/explain/explanation.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <set>

#include "common/error/error.h"
#include "reward/cohort_view.h"
#include "reward/composition.h"
#include "reward/explain/rule_text.h"
#include "reward/missing_embedding.h"

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

// A cohort whose one pair is explained.
struct Subject {
  const RewardPipeline& pipeline;
  const std::vector<TrajectoryRecord>& records;
  const std::vector<ScoredRecord>& scored;
  const RecordedCohort& recorded;
  const CohortView& view;
  const TermWeights& weights;
  int64_t pair;
};

Side other_side(Side side) {
  return side == Side::kQuery ? Side::kTarget : Side::kQuery;
}

// With similarities also where no term needs them: the heat map does.
ViewOptions view_options(const RewardPipeline& pipeline) {
  ViewOptions options;
  options.missing = missing_embedding(pipeline.config().missing_embedding);
  if (pipeline.compares_pairs()) {
    options.negatives = pipeline.config().negatives;
  }
  return options;
}

// Of the rows of a side that have a record, in order; names for all.
struct Columns {
  std::vector<ExplainedColumn> shown;
  std::vector<int64_t> rows;       // of `shown`
  std::vector<std::string> names;  // [N*G]
};

Columns columns_of(const Subject& subject, Side side, const ColumnSet& set) {
  Columns out;
  const auto& records = subject.recorded.record_of_row[static_cast<int>(side)];
  const int64_t group = subject.recorded.cohort.group_size;
  for (size_t row = 0; row < records.size(); ++row) {
    const int64_t pair = static_cast<int64_t>(row) / group;
    const std::string& name = subject.recorded.pairs[static_cast<size_t>(pair)];
    const int64_t sample =
        records[row] ? subject.records[*records[row]].sample : 0;
    out.names.push_back("pair " + name + ", sample " + std::to_string(sample));
    if (!records[row]) continue;
    const bool compared = std::binary_search(
        set.columns.begin(), set.columns.end(), static_cast<int32_t>(row));
    out.shown.push_back({name, sample, pair == subject.pair, compared});
    out.rows.push_back(static_cast<int64_t>(row));
  }
  return out;
}

std::vector<ExplainedTerm> explain_terms(const Subject& subject,
                                         const ScoredRecord& scored,
                                         const ExplainedPlace& place) {
  const RewardConfig& config = subject.pipeline.config();
  std::vector<ExplainedTerm> terms;
  for (size_t i = 0; i < scored.components.size(); ++i) {
    const auto& [name, cell] = scored.components[i];
    if (i == config.terms.size()) {  // beside the terms, with `normalise`
      terms.push_back({name, 0.0, cell, "the sum before normalisation"});
      break;
    }
    terms.push_back({name, subject.weights.of(i, subject.pair), cell,
                     rule_text(config.terms[i], cell, place)});
  }
  return terms;
}

ExplainedRow explain_row(const Subject& subject,
                         const Columns& columns,
                         size_t record,
                         const ExplainedPlace& place) {
  ExplainedRow row;
  row.sample = subject.records[record].sample;
  row.completion = subject.records[record].completion;
  row.reward = subject.scored[record].reward;
  row.terms = explain_terms(subject, subject.scored[record], place);
  const CohortView& view = subject.view;
  const bool here = view.takes_part(place.side, place.row);
  const std::vector<int64_t> ranks =
      here ? own_ranks(place) : std::vector<int64_t>();
  size_t next = 0;
  for (size_t i = 0; i < columns.shown.size(); ++i) {
    const int64_t column = columns.rows[i];
    const bool both = here && view.takes_part(other_side(place.side), column);
    row.similarity.push_back(
        both ? view.similarity(place.side, place.row, column)
             : std::numeric_limits<double>::quiet_NaN());
    if (!columns.shown[i].own) continue;
    row.own_ranks.push_back(both ? ranks[next++] : 0);
  }
  return row;
}

ExplainedSide explain_side(const Subject& subject, Side side) {
  const ColumnSet set = subject.view.columns(side, subject.pair);
  const Columns columns = columns_of(subject, other_side(side), set);
  ExplainedSide out;
  out.side = side;
  out.columns = columns.shown;
  const auto& records = subject.recorded.record_of_row[static_cast<int>(side)];
  const int64_t group = subject.recorded.cohort.group_size;
  for (int64_t row = subject.pair * group; row < (subject.pair + 1) * group;
       ++row) {
    const auto& record = records[static_cast<size_t>(row)];
    if (!record) continue;
    out.rows.push_back(
        explain_row(subject, columns, *record,
                    {subject.view, side, row, set, columns.names}));
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
                       {"own", column.own},
                       {"compared", column.compared}});
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
  const RecordedCohort recorded = recorded_cohort(pipeline, mine);
  const auto found = std::find_if(
      recorded.pairs.begin(), recorded.pairs.end(),
      [&](const std::string& name) { return same_id(name, pair); });
  if (found == recorded.pairs.end()) {
    fail_unknown("pair", pair, mine,
                 [](const TrajectoryRecord& r) { return r.pair; });
  }
  const auto scored = score_records(pipeline, mine);
  const CohortView view(recorded.cohort, view_options(pipeline),
                        recorded.defects);
  const TermWeights weights(pipeline.config(), recorded.cohort);
  const Subject subject{pipeline,
                        mine,
                        scored,
                        recorded,
                        view,
                        weights,
                        found - recorded.pairs.begin()};
  Explanation out;
  out.cohort = mine.front().cohort;
  out.pair = pair;
  out.policy_hash = pipeline.policy_hash();
  out.query = explain_side(subject, Side::kQuery);
  out.target = explain_side(subject, Side::kTarget);
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
