#pragma once

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "common/types/reward_table.h"
#include "common/types/side.h"
#include "reward/offline_scoring.h"

// Why the trajectories of one pair got their rewards: what `ume
// reward-explain` shows.
namespace ume {

// A trajectory of the other side, with which the rows are compared.
struct ExplainedColumn {
  std::string pair;  // JSON text, as in the record
  int64_t sample = 0;
  bool own = false;  // of the explained pair
  // Takes part in its comparisons: own or a negative, with an embedding.
  bool compared = false;
};

struct ExplainedTerm {
  std::string name;
  double weight = 0.0;  // of the pair's source, at the cohort's update
  RewardCell cell;
  std::string rule;  // what made the cell so, for people
};

struct ExplainedRow {
  int64_t sample = 0;
  std::string completion;
  RewardCell reward;
  std::vector<ExplainedTerm> terms;
  // Cosine with each column; NaN where either has no embedding that counts.
  std::vector<double> similarity;
  // Of the own columns among those that are compared, 1 for the most similar;
  // ties count for the lower column. 0 where there is no similarity.
  std::vector<int64_t> own_ranks;
};

struct ExplainedSide {
  Side side = Side::kQuery;
  std::vector<ExplainedColumn> columns;  // by pair and sample
  std::vector<ExplainedRow> rows;        // by sample
};

struct Explanation {
  std::string cohort;  // JSON text
  std::string pair;
  std::string policy_hash;
  ExplainedSide query;
  ExplainedSide target;
};

// cohort, pair: as in the records, with or without quotes. Scores the whole
// cohort with the pipeline. Throws InvalidInput naming what there is when there
// is no such cohort or pair, and what score_records throws.
Explanation explain_pair(const RewardPipeline& pipeline,
                         const std::vector<TrajectoryRecord>& records,
                         const std::string& cohort,
                         const std::string& pair);

// For a terminal: a heat map by pair, ranks, and each term with its rule.
std::string explanation_text(const Explanation& explanation);
std::string explanation_json(const Explanation& explanation);
// A page of its own, with the whole heat map as SVG; nothing is loaded.
std::string explanation_html(const Explanation& explanation);

}  // namespace ume
