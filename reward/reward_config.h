#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "reward/extension/extension_config.h"

namespace ume {

// Which term, and its parameters. Every kind of term has some of them; one
// that belongs to another kind must stay at its default (term_catalogue.h).
struct TermParameters {
  std::string name;
  bool strict = false;        // format
  double threshold = 0.5;     // threshold
  int64_t max_tokens = 0;     // length
  int64_t buffer_tokens = 0;  // length
  int64_t ngram = 3;          // repetition
};

template <class Visitor>
void visit_parameters(Visitor& v, TermParameters& c) {
  v("name", c.name, "which term (docs/rewards.md)");
  v("strict", c.strict,
    "format: the whole completion must be one "
    "<think>…</think><answer>…<gen_emb> with no tag repeated");
  v("threshold", c.threshold, "threshold: the cosine similarity to reach");
  v("max_tokens", c.max_tokens, "length: a completion beyond it earns -1");
  v("buffer_tokens", c.buffer_tokens,
    "length: over so many tokens before max_tokens it falls from 0 to -1");
  v("ngram", c.ngram, "repetition: words in a row that count as one");
}

// A factor of a product.
struct FactorConfig : TermParameters {};

template <class Visitor>
void visit_fields(Visitor& v, FactorConfig& c) {
  visit_parameters(v, c);
}

// A factor of a term's weight that changes with the update (0-based within the
// phase): `from` until update `begin`, `to` from update `end` on.
struct ScheduleConfig {
  std::string shape = "constant";
  double from = 0.0;
  double to = 1.0;
  int64_t begin = 0;
  int64_t end = 0;
};

template <class Visitor>
void visit_fields(Visitor& v, ScheduleConfig& c) {
  v("shape", c.shape,
    "constant: 1; linear or cosine: between begin and end; step: at begin");
  v("from", c.from, "factor of the weight until update `begin`");
  v("to", c.to, "factor of the weight from update `end` on");
  v("begin", c.begin, "update of the phase, counted from 0");
  v("end", c.end, "update of the phase; not for step");
}

// One summand of the reward.
struct RewardTermConfig : TermParameters {
  double weight = 1.0;
  std::string label;                  // of its column; empty: the name
  std::vector<FactorConfig> factors;  // of the name `product`
  std::vector<double> clip;           // empty, or {lowest, highest}
  ScheduleConfig schedule;
  ExtensionConfig extension;  // of plugin, external and judge

  const std::string& column() const { return label.empty() ? name : label; }
};

template <class Visitor>
void visit_fields(Visitor& v, RewardTermConfig& c) {
  visit_parameters(v, c);
  v("weight", c.weight,
    "factor of the term in the total; 0: recorded beside it only");
  v("label", c.label, "name of its column; empty: the term's name");
  v("factors", c.factors, "product: the terms that are multiplied");
  v("clip", c.clip, "[lowest, highest] value; empty: as it is");
  v("schedule", c.schedule, "how the weight changes with the updates");
  visit_fields(v, c.extension);
}

// Weights of their own for the pairs of one source.
struct SourceRewardConfig {
  std::string source;
  std::map<std::string, std::string> weights;  // column -> number
};

template <class Visitor>
void visit_fields(Visitor& v, SourceRewardConfig& c) {
  v("source", c.source, "the pairs' source (`dataset_name` of the records)");
  v("weights", c.weights, "{term: weight} instead of the term's own weight");
}

// Which other pairs of the cohort are negatives of a pair.
struct NegativesConfig {
  bool same_source = false;
  bool exclude_duplicates = false;
};

template <class Visitor>
void visit_fields(Visitor& v, NegativesConfig& c) {
  v("same_source", c.same_source, "only pairs of the same source");
  v("exclude_duplicates", c.exclude_duplicates,
    "not the pairs whose query or target has the same text and media, or that "
    "have the same duplicate_id");
}

// The published reward: format + ranking x margin, simply added.
struct RewardConfig {
  std::vector<RewardTermConfig> terms = published_terms();
  std::string missing_embedding = "zero";
  int64_t max_redraws = 4;
  NegativesConfig negatives;
  std::string normalise = "none";
  std::vector<SourceRewardConfig> sources;
  std::string control = "none";
  int64_t control_seed = 0;

  // Throws ConfigError that begins with the field, `reward.terms[2].name: …`;
  // an unknown name is answered with the nearest known one.
  void validate() const;

  // How often a completion without <gen_emb> is drawn anew.
  int32_t redraw_limit() const;

  static std::vector<RewardTermConfig> published_terms();
};

template <class Visitor>
void visit_fields(Visitor& v, RewardConfig& c) {
  v("terms", c.terms, "summands of the reward (docs/rewards.md)");
  v("missing_embedding", c.missing_embedding,
    "a completion without <gen_emb>: zero (embedding terms 0, no part in "
    "others' similarities), prompt (the state at the prompt's own <gen_emb>), "
    "drop (leaves its group) or resample (drawn anew, at last as zero)");
  v("max_redraws", c.max_redraws,
    "resample: how often a completion is drawn anew");
  v("negatives", c.negatives, "which other pairs a pair is compared with");
  v("normalise", c.normalise,
    "none: the weighted sum; component: each term is normalised within its "
    "group first (GDPO), needs grpo.advantage_scale: none");
  v("sources", c.sources, "other weights for the pairs of a source");
  v("control", c.control,
    "none, or shuffle: a control experiment that permutes the totals within "
    "each side of a cohort, so that nothing can be learned from them");
  v("control_seed", c.control_seed, "seed of the permutation of control");
}

}  // namespace ume
