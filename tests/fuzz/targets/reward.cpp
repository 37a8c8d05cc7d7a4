#include <cmath>
#include <map>
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

RewardTermConfig gated_term() {
  RewardTermConfig term;
  term.name = "product";
  term.label = "gated";
  for (const char* name : {"format", "retrieval_ndcg", "margin"}) {
    term.factors.emplace_back();
    term.factors.back().name = name;
  }
  term.schedule = {"linear", 0.0, 1.0, 2, 9};
  return term;
}

// Which policy scores, and what the cohort holds: bits of an input's byte.
enum Flag : uint8_t {
  kZero = 1,      // else drop
  kOtherDim = 2,  // of the target side
  kPrompt = 4,    // before kZero
  kNormalise = 8,
  kSameSource = 16,
  kNoDuplicates = 32,
  kDiscriminative = 64,
  kEmbeddingSources = 128,
};
constexpr uint8_t kPolicyFlags =
    kZero | kPrompt | kNormalise | kSameSource | kNoDuplicates;

RewardPipeline pipeline_of_all_terms(uint8_t flags) {
  RewardConfig config;
  config.terms.clear();
  for (const TermKind& kind : term_kinds()) {
    if (kind.make == nullptr) continue;  // an extension, or the product below
    RewardTermConfig term;
    term.name = kind.name;
    if (term.name == "length") {
      term.max_tokens = 128;
      term.buffer_tokens = 64;
    }
    if (term.name == "margin") term.clip = {-0.5, 0.5};
    config.terms.push_back(term);
  }
  config.terms.push_back(gated_term());
  config.sources = {{"a", {{"ranking", "0"}, {"margin", "-2.5"}}}};
  config.missing_embedding = (flags & kPrompt) != 0 ? "prompt"
                             : (flags & kZero) != 0 ? "zero"
                                                    : "drop";
  config.normalise = (flags & kNormalise) != 0 ? "component" : "none";
  config.negatives.same_source = (flags & kSameSource) != 0;
  config.negatives.exclude_duplicates = (flags & kNoDuplicates) != 0;
  return make_reward_pipeline(config);
}

const RewardPipeline& pipeline(uint8_t flags) {
  static std::map<uint8_t, RewardPipeline> made;
  const auto wanted = static_cast<uint8_t>(flags & kPolicyFlags);
  auto at = made.find(wanted);
  if (at == made.end()) {
    at = made.emplace(wanted, pipeline_of_all_terms(wanted)).first;
  }
  return at->second;
}

void check_column(const RewardColumn& column, size_t num_rows) {
  for (const auto* cells : {&column.query, &column.target}) {
    UME_CHECK(cells->size() == num_rows, "cells are missing");
    for (const RewardCell& cell : *cells) {
      UME_CHECK(cell.state != CellState::kFailed, "a policy failed");
      UME_CHECK(cell.state != CellState::kValue || std::isfinite(cell.value),
                "a reward that is not finite");
      UME_CHECK(cell.state == CellState::kValue || !cell.reason.empty(),
                "no value and no reason");
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

// What stands behind the rows of an input, so that it may be left out.
void take_pairs(InputReader& reader, uint8_t flags, Cohort& cohort) {
  for (int64_t pair = 0; pair < cohort.num_pairs; ++pair) {
    const auto names = reader.take<uint8_t>();
    cohort.sources.push_back(std::string(1, 'a' + (names & 1)));
    cohort.query_digests.push_back(std::string(1, 'q' + (names >> 1 & 3)));
    cohort.target_digests.push_back(std::string(1, 't' + (names >> 3 & 3)));
    cohort.duplicate_ids.push_back(std::string(names >> 5 & 1, 'd'));
  }
  cohort.update = reader.take<uint8_t>() % 16;
  for (CohortSide* side : {&cohort.query, &cohort.target}) {
    for (size_t row = 0;
         (flags & kEmbeddingSources) != 0 && row < side->has_embedding.size();
         ++row) {
      const bool prompt = (reader.take<uint8_t>() & 1) != 0;
      side->embedding_sources.push_back(
          side->has_embedding[row] == 0 ? EmbeddingSource::kNone
          : prompt                      ? EmbeddingSource::kPrompt
                                        : EmbeddingSource::kCompletion);
    }
    for (int64_t i = 0;
         (flags & kDiscriminative) != 0 && i < cohort.num_pairs * cohort.dim;
         ++i) {
      side->disc_embeddings.push_back(reader.take<float>());
    }
  }
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
  cohort.target = take_side(
      reader, rows, (flags & kOtherDim) != 0 ? cohort.dim + 1 : cohort.dim);
  take_pairs(reader, flags, cohort);
  accepts([&] {
    const RewardTable table = pipeline(flags).score(cohort);
    check_column(table.total, rows);
    for (const RewardColumn& column : table.components) {
      check_column(column, rows);
    }
    for (const auto& [name, value] : table.statistics) {
      UME_CHECK(std::isfinite(value), "a statistic that is not finite");
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
    const auto scored = score_records(pipeline(kZero), records);
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
