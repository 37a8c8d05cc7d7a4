#include "reward/offline_scoring.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <optional>

#include "common/error/error.h"

namespace ume {
namespace {

struct Pair {
  std::string id;
  // sample -> record, by side
  std::array<std::map<int64_t, size_t>, 2> samples;
};

struct CohortRecords {
  std::string id;
  std::vector<Pair> pairs;  // by first appearance
  std::map<std::string, size_t> pair_index;
};

std::string place(const CohortRecords& cohort, const Pair& pair) {
  return "cohort " + cohort.id + ", pair " + pair.id;
}

std::vector<CohortRecords> group(const std::vector<TrajectoryRecord>& records) {
  std::vector<CohortRecords> cohorts;
  std::map<std::string, size_t> index;
  for (size_t i = 0; i < records.size(); ++i) {
    const TrajectoryRecord& record = records[i];
    const auto [at, added] = index.emplace(record.cohort, cohorts.size());
    if (added) cohorts.push_back({record.cohort, {}, {}});
    CohortRecords& cohort = cohorts[at->second];
    const auto [pair_at, new_pair] =
        cohort.pair_index.emplace(record.pair, cohort.pairs.size());
    if (new_pair) cohort.pairs.push_back({record.pair, {}});
    Pair& pair = cohort.pairs[pair_at->second];
    auto& samples = pair.samples[static_cast<int>(record.side)];
    if (!samples.emplace(record.sample, i).second) {
      throw InvalidInput("line " + std::to_string(record.line) + ": " +
                         place(cohort, pair) + ", " +
                         std::string(side_name(record.side)) + ": sample " +
                         std::to_string(record.sample) + " is given twice");
    }
  }
  return cohorts;
}

int64_t largest_group(const CohortRecords& cohort) {
  size_t size = 1;
  for (const Pair& pair : cohort.pairs) {
    size = std::max({size, pair.samples[0].size(), pair.samples[1].size()});
  }
  return static_cast<int64_t>(size);
}

void check_complete(const CohortRecords& cohort, int64_t group_size) {
  for (const Pair& pair : cohort.pairs) {
    for (Side side : {Side::kQuery, Side::kTarget}) {
      const size_t found = pair.samples[static_cast<int>(side)].size();
      if (static_cast<int64_t>(found) == group_size) continue;
      throw InvalidInput(
          place(cohort, pair) + ": " + std::to_string(found) + " " +
          std::string(side_name(side)) + " trajectories, expected " +
          std::to_string(group_size) + " as in the other groups of the cohort");
    }
  }
}

// The dimension of most embeddings; the smaller one of two equally common.
int64_t common_dimension(const CohortRecords& cohort,
                         const std::vector<TrajectoryRecord>& records) {
  std::map<int64_t, int64_t> counts;
  for (const Pair& pair : cohort.pairs) {
    for (const auto& samples : pair.samples) {
      for (const auto& [sample, i] : samples) {
        if (!records[i].gen_embedding.empty()) {
          ++counts[static_cast<int64_t>(records[i].gen_embedding.size())];
        }
      }
    }
  }
  int64_t best = 0;
  for (const auto& [dim, count] : counts) {
    if (best == 0 || count > counts[best]) best = dim;
  }
  return best;
}

// The number that the records give, so that a control's permutation is the one
// of the run; their place in the file for other names.
uint64_t cohort_number(const std::string& id, uint64_t place) {
  uint64_t number = 0;
  const char* end = id.data() + id.size();
  const auto [stopped, error] = std::from_chars(id.data(), end, number);
  return error == std::errc() && stopped == end ? number : place;
}

struct FilledSide {
  CohortSide side;
  std::map<int64_t, std::string> defects;
  std::vector<std::optional<size_t>> record_of_row;
};

FilledSide fill_side(const CohortRecords& cohort,
                     const std::vector<TrajectoryRecord>& records,
                     Side which,
                     const Cohort& shape) {
  const int64_t rows = shape.num_pairs * shape.group_size;
  FilledSide out;
  out.side.completions.resize(rows);
  out.side.gen_embeddings.resize(rows * shape.dim);
  out.side.has_embedding.resize(rows);
  out.side.embedding_sources.resize(rows);
  out.side.completion_tokens.assign(rows, -1);
  out.record_of_row.resize(rows);
  for (int64_t p = 0; p < shape.num_pairs; ++p) {
    int64_t row = p * shape.group_size;
    for (const auto& [sample, i] :
         cohort.pairs[p].samples[static_cast<int>(which)]) {
      const TrajectoryRecord& record = records[i];
      out.record_of_row[row] = i;
      out.side.completions[row] = record.completion;
      out.side.completion_tokens[row] = static_cast<int32_t>(record.num_tokens);
      const bool has = !record.gen_embedding.empty();
      out.side.has_embedding[row] = has;
      if (has) {
        out.side.embedding_sources[row] = record.from_prompt
                                              ? EmbeddingSource::kPrompt
                                              : EmbeddingSource::kCompletion;
      }
      const auto dim = static_cast<int64_t>(record.gen_embedding.size());
      if (has && dim == shape.dim) {
        std::copy(record.gen_embedding.begin(), record.gen_embedding.end(),
                  out.side.gen_embeddings.begin() + row * shape.dim);
      } else if (has) {
        out.defects[row] = "the embedding has " + std::to_string(dim) +
                           " numbers, its cohort's have " +
                           std::to_string(shape.dim);
      }
      ++row;
    }
  }
  return out;
}

// What the records say of the cohort and its pairs; lists that no record fills
// stay empty.
void fill_pairs(const CohortRecords& grouped,
                const std::vector<TrajectoryRecord>& records,
                Cohort& cohort) {
  const auto pairs = static_cast<size_t>(cohort.num_pairs);
  std::vector<std::string> duplicate_ids(pairs), digests[2], prompts[2];
  cohort.sources.resize(pairs);
  for (size_t p = 0; p < pairs; ++p) {
    for (const int side : {0, 1}) {
      digests[side].resize(pairs);
      prompts[side].resize(pairs);
      for (const auto& [sample, i] : grouped.pairs[p].samples[side]) {
        const TrajectoryRecord& record = records[i];
        cohort.update = record.step;
        cohort.sources[p] = record.source;
        duplicate_ids[p] = record.duplicate_id;
        digests[side][p] = record.prompt_digest;
        prompts[side][p] = record.prompt;
      }
    }
  }
  const auto keep = [](std::vector<std::string>& list) {
    const bool any =
        std::any_of(list.begin(), list.end(),
                    [](const auto& text) { return !text.empty(); });
    return any ? std::move(list) : std::vector<std::string>();
  };
  cohort.duplicate_ids = keep(duplicate_ids);
  cohort.query_digests = keep(digests[0]);
  cohort.target_digests = keep(digests[1]);
  cohort.query.prompts = keep(prompts[0]);
  cohort.target.prompts = keep(prompts[1]);
}

// [N, dim], or nothing where a pair has none of that dimension.
std::vector<float> disc_embeddings(const CohortRecords& grouped,
                                   const std::vector<TrajectoryRecord>& records,
                                   int side,
                                   int64_t dim) {
  std::vector<float> out;
  for (const Pair& pair : grouped.pairs) {
    const auto& samples = pair.samples[side];
    const auto found =
        std::find_if(samples.begin(), samples.end(), [&](const auto& sample) {
          return static_cast<int64_t>(
                     records[sample.second].disc_embedding.size()) == dim;
        });
    if (found == samples.end()) return {};
    const std::vector<float>& row = records[found->second].disc_embedding;
    out.insert(out.end(), row.begin(), row.end());
  }
  return out;
}

// Throws what score_records says of a cohort that cannot be scored.
RecordedCohort fill_cohort(const RewardPipeline& pipeline,
                           const CohortRecords& grouped,
                           const std::vector<TrajectoryRecord>& records,
                           uint64_t place) {
  RecordedCohort out;
  Cohort& cohort = out.cohort;
  cohort.id = cohort_number(grouped.id, place);
  cohort.num_pairs = static_cast<int64_t>(grouped.pairs.size());
  cohort.group_size = largest_group(grouped);
  if (pipeline.compares_sides()) check_complete(grouped, cohort.group_size);
  cohort.dim = common_dimension(grouped, records);
  FilledSide query = fill_side(grouped, records, Side::kQuery, cohort);
  FilledSide target = fill_side(grouped, records, Side::kTarget, cohort);
  cohort.query = std::move(query.side);
  cohort.target = std::move(target.side);
  fill_pairs(grouped, records, cohort);
  cohort.query.disc_embeddings =
      disc_embeddings(grouped, records, 0, cohort.dim);
  cohort.target.disc_embeddings =
      disc_embeddings(grouped, records, 1, cohort.dim);
  if (pipeline.compares_pairs() && cohort.num_pairs < 2) {
    throw InvalidInput("cohort " + grouped.id +
                       ": a single pair has no negatives to compare with; "
                       "expected at least 2 pairs a cohort");
  }
  for (const Pair& pair : grouped.pairs) out.pairs.push_back(pair.id);
  out.defects = {std::move(query.defects), std::move(target.defects)};
  out.record_of_row = {std::move(query.record_of_row),
                       std::move(target.record_of_row)};
  return out;
}

void copy_cells(const RewardTable& table,
                Side side,
                const RecordedCohort& recorded,
                std::vector<ScoredRecord>& rows) {
  const auto cells = [&](const RewardColumn& column) -> const auto& {
    return side == Side::kQuery ? column.query : column.target;
  };
  const auto& record_of_row = recorded.record_of_row[static_cast<int>(side)];
  for (size_t row = 0; row < record_of_row.size(); ++row) {
    if (!record_of_row[row]) continue;
    ScoredRecord& out = rows[*record_of_row[row]];
    out.reward = cells(table.total)[row];
    for (const RewardColumn& column : table.components) {
      out.components.emplace_back(column.name, cells(column)[row]);
    }
  }
}

}  // namespace

RecordedCohort recorded_cohort(const RewardPipeline& pipeline,
                               const std::vector<TrajectoryRecord>& records) {
  return fill_cohort(pipeline, group(records).at(0), records, 0);
}

std::vector<ScoredRecord> score_records(
    const RewardPipeline& pipeline,
    const std::vector<TrajectoryRecord>& records) {
  std::vector<ScoredRecord> rows(records.size());
  for (size_t i = 0; i < records.size(); ++i) {
    rows[i].cohort = records[i].cohort;
    rows[i].pair = records[i].pair;
    rows[i].side = records[i].side;
    rows[i].sample = records[i].sample;
  }
  uint64_t place = 0;
  for (const CohortRecords& grouped : group(records)) {
    const RecordedCohort recorded =
        fill_cohort(pipeline, grouped, records, place++);
    const RewardTable table = pipeline.score(recorded.cohort, recorded.defects);
    copy_cells(table, Side::kQuery, recorded, rows);
    copy_cells(table, Side::kTarget, recorded, rows);
  }
  return rows;
}

}  // namespace ume
