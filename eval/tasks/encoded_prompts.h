#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ume {

// What a model makes of one prompt.
struct EncodedPrompt {
  std::vector<float> disc;         // [dim], unit length; empty: none
  std::vector<float> gen;          // [dim] of the greedy answer
  bool gen_in_completion = false;  // false: read at the prompt, or none
  std::string completion;          // greedy
  int64_t completion_tokens = 0;   // greedy and sampled together
  std::vector<std::vector<float>> samples;  // gen embeddings, [num_samples]
  std::vector<std::string> sample_texts;
};

// A shard: the prompts i of a list with i % count == index, in order.
struct ShardId {
  int64_t index = 0;
  int64_t count = 1;
};

// Writes FOLDER/shard-INDEX-of-COUNT.safetensors (disc, gen, samples) and
// .jsonl (texts), each atomically, the second one last.
void write_shard(const std::filesystem::path& folder,
                 ShardId shard,
                 const std::vector<EncodedPrompt>& prompts);

// Whether both files of the shard are there.
bool shard_exists(const std::filesystem::path& folder, ShardId shard);

// All prompts in order, from `count` shards. Throws IoError when a file is
// missing, InvalidInput when it is damaged or counts disagree.
std::vector<EncodedPrompt> read_shards(const std::filesystem::path& folder,
                                       int64_t count,
                                       size_t num_prompts);

}  // namespace ume
