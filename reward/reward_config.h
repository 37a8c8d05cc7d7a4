#pragma once

#include <cmath>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "common/error/error.h"

namespace ume {

// One summand of the reward.
struct RewardTermConfig {
  std::string name;
  double weight = 1.0;
  bool strict = false;

  void validate() const {
    if (name.empty()) {
      throw ConfigError("reward.terms: a term without a name");
    }
    if (!std::isfinite(weight)) {
      throw ConfigError("reward.terms." + name +
                        ".weight: expected a finite number");
    }
    if (strict && name != "format") {
      throw ConfigError("reward.terms." + name +
                        ".strict: only the format term can be strict");
    }
  }
};

template <class Visitor>
void visit_fields(Visitor& v, RewardTermConfig& c) {
  v("name", c.name,
    "format, ranking, margin, ranking_margin or answer_in_reasoning");
  v("weight", c.weight,
    "factor of the term in the total; 0: recorded beside it only");
  v("strict", c.strict,
    "format term: the whole completion must be one "
    "<think>…</think><answer>…<gen_emb> with no tag repeated");
}

// The published reward: format + ranking x margin, simply added.
struct RewardConfig {
  std::vector<RewardTermConfig> terms = {{"format", 1.0, false},
                                         {"ranking_margin", 1.0, false}};
  std::string missing_embedding = "zero";
  std::string control = "none";
  int64_t control_seed = 0;

  void validate() const {
    if (terms.empty()) {
      throw ConfigError("reward.terms: expected at least one term");
    }
    std::set<std::string> seen;
    for (const RewardTermConfig& term : terms) {
      term.validate();
      if (!seen.insert(term.name).second) {
        throw ConfigError("reward.terms: " + term.name + " is listed twice");
      }
    }
    if (missing_embedding != "zero" && missing_embedding != "prompt" &&
        missing_embedding != "drop") {
      throw ConfigError("reward.missing_embedding: found '" +
                        missing_embedding + "', expected zero, prompt or drop");
    }
    if (control != "none" && control != "shuffle") {
      throw ConfigError("reward.control: found '" + control +
                        "', expected none or shuffle");
    }
    if (control_seed < 0) {
      throw ConfigError("reward.control_seed: expected 0 or more");
    }
  }
};

template <class Visitor>
void visit_fields(Visitor& v, RewardConfig& c) {
  v("terms", c.terms, "summands of the reward: a list of {name, weight}");
  v("missing_embedding", c.missing_embedding,
    "a completion without <gen_emb>: zero (embedding terms 0, no part in "
    "others' similarities), prompt (the state at the prompt's own <gen_emb>) "
    "or drop (leaves its group)");
  v("control", c.control,
    "none, or shuffle: a control experiment that permutes the totals within "
    "each side of a cohort, so that nothing can be learned from them");
  v("control_seed", c.control_seed, "seed of the permutation of control");
}

}  // namespace ume
