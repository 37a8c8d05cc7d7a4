#include <cmath>
#include <sstream>

#include "reward/format_rule.h"
#include "reward/offline_scoring.h"
#include "reward/reward_pipeline.h"
#include "reward/term_catalogue.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/scratch_file.h"
#include "tests/fuzz/target_functions.h"

namespace ume::fuzz {
namespace {

RewardPipeline pipeline_of_all_terms(const std::string& missing) {
  RewardConfig config;
  config.terms.clear();
  for (const TermKind& kind : term_kinds()) {
    if (kind.make == nullptr) continue;  // a product of the others
    RewardTermConfig term;
    term.name = kind.name;
    if (term.name == "length") {
      term.max_tokens = 128;
      term.buffer_tokens = 64;
    }
    config.terms.push_back(term);
  }
  config.missing_embedding = missing;
  return make_reward_pipeline(config);
}

const RewardPipeline& pipeline(bool zero) {
  static const RewardPipeline kZero = pipeline_of_all_terms("zero");
  static const RewardPipeline kDrop = pipeline_of_all_terms("drop");
  return zero ? kZero : kDrop;
}

void check_column(const RewardColumn& column, size_t num_rows) {
  for (const auto* cells : {&column.query, &column.target}) {
    UME_CHECK(cells->size() == num_rows, "cells are missing");
    for (const RewardCell& cell : *cells) {
      UME_CHECK(cell.state != CellState::kFailed, "a policy failed");
      UME_CHECK(cell.state != CellState::kValue || std::isfinite(cell.value),
                "a reward that is not finite");
    }
  }
}

// Whether `part` is empty or a view into `text`.
bool is_inside(std::string_view part, std::string_view text) {
  return part.empty() ||
         (part.data() >= text.data() &&
          part.data() + part.size() <= text.data() + text.size());
}

CohortSide take_side(InputReader& reader, size_t num_rows, int64_t dim) {
  static constexpr const char* kTags[] = {"<think>", "</think>", "<answer>",
                                          "<gen_emb>"};
  CohortSide side;
  for (size_t row = 0; row < num_rows; ++row) {
    const auto shape = reader.take<uint8_t>();
    std::string text;
    for (int tag = 0; tag < 4; ++tag) {
      if ((shape >> tag & 1) != 0) text += kTags[tag];
      text += reader.take_text(shape >> 4 & 3);
    }
    side.completions.push_back(std::move(text));
    side.has_embedding.push_back((shape & 0x80) == 0);
    side.completion_tokens.push_back(shape);
    for (int64_t i = 0; i < dim; ++i) {
      side.gen_embeddings.push_back(reader.take<float>());
    }
  }
  return side;
}

}  // namespace

// A cohort of up to 4 pairs of 3, with any embeddings: NaN, infinite, zero,
// sides of different dimension.
void reward_cohort(Bytes input) {
  InputReader reader(input);
  Cohort cohort;
  cohort.num_pairs = 1 + reader.take<uint8_t>() % 4;
  cohort.group_size = 1 + reader.take<uint8_t>() % 3;
  cohort.dim = reader.take<uint8_t>() % 5;
  const auto flags = reader.take<uint8_t>();
  const auto rows = static_cast<size_t>(cohort.num_pairs * cohort.group_size);
  cohort.query = take_side(reader, rows, cohort.dim);
  cohort.target =
      take_side(reader, rows, (flags & 2) != 0 ? cohort.dim + 1 : cohort.dim);
  accepts([&] {
    const RewardTable table = pipeline((flags & 1) != 0).score(cohort);
    check_column(table.total, rows);
    for (const RewardColumn& column : table.components) {
      check_column(column, rows);
    }
  });
}

// A trajectory file, plain or compressed, scored as `ume reward` does.
void trajectories(Bytes input) {
  const std::string_view text = as_text(input);
  accepts([&] {
    std::istringstream stream{std::string(text)};
    const auto records = text.starts_with("\x28\xb5\x2f\xfd")
                             ? read_trajectory_file(put_file("t.zst", text))
                             : read_trajectory_records(stream, "input");
    const auto scored = score_records(pipeline(true), records);
    UME_CHECK(scored.size() == records.size(), "a row for each record");
    std::ostringstream written;
    write_scored_records(written, scored);
  });
}

void format_rule(Bytes input) {
  const std::string_view text = as_text(input);
  UME_CHECK(!has_strict_answer_format(text) || has_answer_format(text),
            "strict, but not as published");
  const CompletionParts parts = split_completion(text);
  UME_CHECK(is_inside(parts.reasoning, text) && is_inside(parts.answer, text),
            "a part from elsewhere");
  UME_CHECK(!answer_in_reasoning(text) || !parts.answer.empty(),
            "an empty answer was found");
}

}  // namespace ume::fuzz
