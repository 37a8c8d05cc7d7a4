#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "data/prepare/prepare_config.h"
#include "eval/tasks/evaluation_set.h"

namespace ume {

// What the shards of an evaluation are to be made of: the order that the
// encoding processes read (FOLDER/job.yaml), and what tells later whether
// shards that are there already are the wanted ones.
struct EncodingJob {
  std::string model;         // folder
  std::string model_hash;    // hash_model
  std::string tasks;         // tasks.json
  std::string prompts_hash;  // hash_prompts
  std::string split;
  int64_t samples = 0;  // sampled answers per query
  double temperature = 1.0;
  int64_t max_new_tokens = 1;
  int64_t batch_tokens = 1;
  int64_t seed = 0;
  PrepareConfig data;

  void validate() const { data.validate(); }
};

template <class V>
void visit_fields(V& v, EncodingJob& c) {
  v("model", c.model, "folder of the model");
  v("model_hash", c.model_hash, "of its weights, tokenizer and settings");
  v("tasks", c.tasks, "tasks.json");
  v("prompts_hash", c.prompts_hash, "of the prompts, media included");
  v("split", c.split, "which split of each task");
  v("samples", c.samples, "sampled answers per query");
  v("temperature", c.temperature, "of the samples");
  v("max_new_tokens", c.max_new_tokens, "longest answer in tokens");
  v("batch_tokens", c.batch_tokens, "prompt tokens computed together");
  v("seed", c.seed, "of the samples");
  v("data", c.data, "how prompts are made of records");
}

// Of everything in a model's folder that an embedding depends on. Reads the
// weights. Throws IoError.
std::string hash_model(const std::filesystem::path& folder);

// Of the prompts in their order; of media the size and the time of the last
// change, as the cache of prepared media tells them apart.
std::string hash_prompts(const EvaluationSet& set);

// Where the order lies: FOLDER/job.yaml.
std::filesystem::path job_file(const std::filesystem::path& folder);

// Whether the folder's order gives what `job` would give. Places of files and
// the size of batches do not count: results do not depend on them.
bool is_job_of(const std::filesystem::path& folder, const EncodingJob& job);

// Makes the folder ready for the job's shards and writes the order. Shards of
// a job with other results are removed, and what a writer that was ended left
// behind. Returns whether there were such shards.
bool prepare_shard_folder(const std::filesystem::path& folder,
                          const EncodingJob& job);

}  // namespace ume
