#pragma once

#include <cstdint>
#include <string>

#include "common/config/checks.h"
#include "learner/optimizer/optimizer_config.h"

namespace ume {

// Supervised fine-tuning: cross-entropy on the answers of both sides plus
// symmetric InfoNCE on the generative and the discriminative embeddings.
struct SftConfig {
  std::string data;  // annotated pairs (docs/formats/data.md)
  // file: as published. batches: whole batches of the file, shuffled with
  // run.seed, so that what a file keeps apart within a batch stays apart.
  // records: shuffled with run.seed.
  std::string order = "file";
  int64_t steps = 1000;
  // Pairs of one contrastive batch, over all ranks: each other's negatives.
  int64_t batch_pairs = 32;
  // Contrastive batches per step; they do not share negatives.
  int64_t accumulation = 1;
  // Weights of the loss terms; 0 leaves the term out altogether.
  double query_weight = 1.0;   // cross-entropy of the query side
  double target_weight = 1.0;  // cross-entropy of the target side
  double gen_weight = 1.0;     // InfoNCE of the generative embeddings
  double disc_weight = 1.0;    // InfoNCE of the discriminative embeddings
  double scale = 50.0;         // of the cosines; 1 / temperature
  // global: token mean over the whole step, whatever the ranks.
  // per_rank: mean of the ranks' own token means (as published).
  std::string ce_reduction = "global";
  bool freeze_vision = true;   // the tower without its merger
  bool freeze_merger = false;  // the projector into the language model
  int64_t max_length = 12288;  // longer conversations are cut to this, tokens
  OptimizerConfig optimizer;

  void validate() const;
};

template <class Visitor>
void visit_fields(Visitor& v, SftConfig& c) {
  v("data", c.data, "annotated pairs: .json or .jsonl (docs/formats/data.md)");
  v("order", c.order,
    "file: the file's order; batches: its batches of batch_pairs records, "
    "records: its records, in an order drawn from run.seed for each epoch");
  v("steps", c.steps, "optimiser steps");
  v("batch_pairs", c.batch_pairs,
    "pairs of one contrastive batch over all ranks");
  v("accumulation", c.accumulation,
    "contrastive batches per step; negatives are not shared between them");
  v("query_weight", c.query_weight, "weight of the query cross-entropy");
  v("target_weight", c.target_weight, "weight of the target cross-entropy");
  v("gen_weight", c.gen_weight, "weight of the generative InfoNCE");
  v("disc_weight", c.disc_weight, "weight of the discriminative InfoNCE");
  v("scale", c.scale, "logit scale of InfoNCE (1 / temperature)");
  v("ce_reduction", c.ce_reduction,
    "global: token mean over the step; per_rank: mean of the ranks' means");
  v("freeze_vision", c.freeze_vision,
    "do not train the vision tower (but its merger)");
  v("freeze_merger", c.freeze_merger, "do not train the vision merger");
  v("max_length", c.max_length, "longer conversations are cut, in tokens");
  v("optimizer", c.optimizer, "AdamW and its schedule");
}

inline void SftConfig::validate() const {
  const ConfigChecks check("sft");
  check.one_of("order", order, {"file", "batches", "records"});
  // Together they count the pairs of a run, which fit an int64_t.
  check.within("steps", steps, 1, 1'000'000'000);
  check.within("batch_pairs", batch_pairs, 1, 65536);
  check.within("accumulation", accumulation, 1, 65536);
  check.at_least("query_weight", query_weight, 0);
  check.at_least("target_weight", target_weight, 0);
  check.at_least("gen_weight", gen_weight, 0);
  check.at_least("disc_weight", disc_weight, 0);
  check.more_than("scale", scale, 0);
  check.one_of("ce_reduction", ce_reduction, {"global", "per_rank"});
  check.at_least("max_length", max_length, 1);
  optimizer.validate(check.path("optimizer"));
}

}  // namespace ume
