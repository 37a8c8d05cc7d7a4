#include "learner/sft/sft_batch.h"

#include <vector>

#include "common/error/error.h"
#include "common/types/embedding_position.h"

namespace ume {
namespace {

std::string side_of(int64_t item, int64_t num_pairs) {
  return (item < num_pairs ? "query of pair " : "target of pair ") +
         std::to_string(item % num_pairs) + " of this batch";
}

// Where the embedding of an example is read.
int64_t embedding_index(const PreparedExample& example,
                        int64_t token,
                        const char* name,
                        const std::string& where) {
  const std::vector<int64_t>& ids = example.prompt.ids;
  const auto found = find_embedding_position(ids, token);
  if (!found) {
    throw InvalidInput(where + ": no " + name + " token (id " +
                       std::to_string(token) + ") in " +
                       std::to_string(ids.size()) +
                       " tokens, expected one to read the embedding at");
  }
  return *found;
}

torch::Tensor embedding_rows(
    const std::vector<const PreparedExample*>& examples,
    const PackedBatch& packed,
    int64_t token,
    const char* name) {
  std::vector<int64_t> rows;
  const auto num_pairs = static_cast<int64_t>(examples.size() / 2);
  for (size_t i = 0; i < examples.size(); ++i) {
    const auto item = static_cast<int64_t>(i);
    rows.push_back(packed.prompt_row(
        item,
        embedding_index(*examples[i], token, name, side_of(item, num_pairs))));
  }
  return torch::tensor(rows, torch::kInt64);
}

}  // namespace

SftBatch build_sft_batch(std::span<const SftPair> pairs,
                         const ModelConfig& config,
                         const EmbeddingTokens* tokens) {
  std::vector<const PreparedExample*> examples;
  for (const SftPair& pair : pairs) examples.push_back(&pair.query);
  for (const SftPair& pair : pairs) examples.push_back(&pair.target);
  std::vector<PackedItem> items;
  for (const PreparedExample* example : examples) {
    items.push_back({.prompt = &example->prompt, .completions = {}});
  }
  SftBatch batch;
  batch.num_pairs = static_cast<int64_t>(pairs.size());
  batch.packed = pack_batch(items, config);
  std::vector<int64_t> rows;
  std::vector<int64_t> ids;
  for (size_t i = 0; i < examples.size(); ++i) {
    const std::vector<int64_t>& labels = examples[i]->labels;
    const auto item = static_cast<int64_t>(i);
    if (labels.size() != examples[i]->prompt.ids.size()) {
      throw InvalidInput(side_of(item, batch.num_pairs) + ": " +
                         std::to_string(labels.size()) + " labels for " +
                         std::to_string(examples[i]->prompt.ids.size()) +
                         " tokens, expected one each");
    }
    for (size_t t = 1; t < labels.size(); ++t) {
      if (labels[t] == kIgnoredLabel) continue;
      rows.push_back(
          batch.packed.prompt_row(item, static_cast<int64_t>(t) - 1));
      ids.push_back(labels[t]);
    }
    if (item == batch.num_pairs - 1) {
      batch.num_query_labels = static_cast<int64_t>(rows.size());
    }
  }
  batch.label_rows = torch::tensor(rows, torch::kInt64);
  batch.label_ids = torch::tensor(ids, torch::kInt64);
  if (tokens != nullptr) {
    batch.gen_rows =
        embedding_rows(examples, batch.packed, tokens->gen, "<gen_emb>");
    batch.disc_rows =
        embedding_rows(examples, batch.packed, tokens->disc, "<disc_emb>");
  }
  return batch;
}

int64_t count_labels(const PreparedExample& example) {
  int64_t count = 0;
  for (size_t t = 1; t < example.labels.size(); ++t) {
    count += example.labels[t] != kIgnoredLabel ? 1 : 0;
  }
  return count;
}

void cut_example(PreparedExample& example,
                 int64_t max_length,
                 const std::string& where) {
  const auto length = static_cast<int64_t>(example.prompt.ids.size());
  if (length <= max_length) return;
  for (const MediaSpan& span : example.prompt.media) {
    if (span.first_token + span.num_tokens > max_length) {
      throw InvalidInput(where + ": the conversation has " +
                         std::to_string(length) +
                         " tokens and a picture that ends at token " +
                         std::to_string(span.first_token + span.num_tokens) +
                         ", expected pictures within the first " +
                         std::to_string(max_length) + " (sft.max_length)");
    }
  }
  example.prompt.ids.resize(static_cast<size_t>(max_length));
  example.labels.resize(static_cast<size_t>(max_length));
}

}  // namespace ume
