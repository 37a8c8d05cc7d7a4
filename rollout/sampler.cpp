#include "rollout/sampler.h"

#include <torch/nn/functional/normalization.h>

#include <algorithm>
#include <string>
#include <utility>

#include "common/error/error.h"
#include "common/random/philox.h"
#include "common/types/embedding_position.h"
#include "kernels/torch.h"
#include "model/attention/packed_batch.h"
#include "rollout/token_sampling.h"

namespace ume {
namespace {

// One completion in the making.
struct Row {
  SampleKey key;
  int64_t first_position = 0;  // of its first token
  SampledCompletion* out = nullptr;
  bool finished = false;  // no token is to be drawn any more
  size_t fed = 0;         // own tokens that the model has seen
};

std::vector<float> unit_vector(const torch::Tensor& state) {
  const torch::Tensor row =
      torch::nn::functional::normalize(
          state.to(torch::kFloat32),
          torch::nn::functional::NormalizeFuncOptions().dim(0))
          .cpu()
          .contiguous();
  const float* data = row.data_ptr<float>();
  return {data, data + row.numel()};
}

torch::Tensor index_tensor(const std::vector<int64_t>& values) {
  return torch::tensor(values, torch::kInt64);
}

// The decoding of one call: rows over a cache that shrinks as they finish.
class Decoding {
 public:
  Decoding(const Qwen2VL& model,
           const SamplerTokens& tokens,
           const SamplingParams& params)
      : model_(model), tokens_(tokens), params_(params) {}

  std::vector<SampledGroup> run(std::span<const SampleJob> jobs);

 private:
  torch::Tensor prefill(std::span<const SampleJob> jobs);
  void read_prompt_embeddings(std::span<const SampleJob> jobs,
                              const torch::Tensor& hidden);
  void draw(const torch::Tensor& logits);
  bool needs_feeding(const Row& row) const;
  torch::Tensor feed(CachedAttention& attention);
  void keep_active(CachedAttention& attention);

  const Qwen2VL& model_;
  const SamplerTokens& tokens_;
  const SamplingParams& params_;
  PackedBatch batch_;
  std::vector<LayerKeyValue> prefix_;
  std::vector<SampledGroup> groups_;
  std::vector<Row> rows_;
};

torch::Tensor Decoding::prefill(std::span<const SampleJob> jobs) {
  std::vector<PackedItem> items;
  for (const SampleJob& job : jobs) items.push_back({job.prompt, {}});
  batch_ = pack_batch(items, model_.config());
  PackedAttention attention(plan_attention(batch_.sequences, true), true);
  const torch::Tensor hidden =
      forward_batch(model_, batch_, attention, /*train_vision=*/false);
  prefix_ = attention.key_values();
  return hidden;
}

void Decoding::read_prompt_embeddings(std::span<const SampleJob> jobs,
                                      const torch::Tensor& hidden) {
  for (size_t j = 0; j < jobs.size(); ++j) {
    const std::vector<int64_t>& ids = jobs[j].prompt->ids;
    const auto item = static_cast<int64_t>(j);
    if (const auto at = find_embedding_position(ids, tokens_.disc_emb)) {
      groups_[j].disc_embedding =
          unit_vector(hidden[batch_.prompt_row(item, *at)]);
    }
    const auto at = find_embedding_position(ids, tokens_.gen_emb);
    if (!at) continue;
    const std::vector<float> own =
        unit_vector(hidden[batch_.prompt_row(item, *at)]);
    for (SampledCompletion& c : groups_[j].completions) {
      c.gen_embedding = own;
      c.embedding_source = EmbeddingSource::kPrompt;
    }
  }
}

// Draws one token for every unfinished row. logits: [rows, vocab].
void Decoding::draw(const torch::Tensor& logits) {
  const torch::Tensor table = logits.to(torch::kFloat32).cpu().contiguous();
  const auto vocab = static_cast<size_t>(table.size(1));
  for (size_t r = 0; r < rows_.size(); ++r) {
    Row& row = rows_[r];
    if (row.finished) continue;
    const uint64_t position = row.out->ids.size();
    const SampledToken token =
        sample_token({table.data_ptr<float>() + r * vocab, vocab}, params_,
                     tokens_.forbidden, uniform(row.key, position));
    row.out->ids.push_back(token.id);
    row.out->logprobs.push_back(token.logprob);
    const auto finish = finish_of(row.out->ids, tokens_.end, params_);
    row.finished = finish.has_value();
    if (finish) row.out->finish = *finish;
  }
}

// A finished row's last token is fed only if it is the embedding's.
bool Decoding::needs_feeding(const Row& row) const {
  if (row.fed == row.out->ids.size()) return false;
  return !row.finished || (row.out->finish == FinishReason::kLength &&
                           row.out->ids.back() == tokens_.gen_emb);
}

void Decoding::keep_active(CachedAttention& attention) {
  std::vector<int64_t> kept;
  std::vector<Row> active;
  for (size_t r = 0; r < rows_.size(); ++r) {
    if (!needs_feeding(rows_[r])) continue;
    kept.push_back(static_cast<int64_t>(r));
    active.push_back(rows_[r]);
  }
  if (kept.size() == rows_.size()) return;
  rows_ = std::move(active);
  if (!rows_.empty()) attention.keep_rows(index_tensor(kept));
}

// Feeds every row's last token; reads embeddings. Returns [rows, hidden].
torch::Tensor Decoding::feed(CachedAttention& attention) {
  std::vector<int64_t> ids;
  std::vector<int64_t> positions;
  for (const Row& row : rows_) {
    ids.push_back(row.out->ids.back());
    positions.push_back(row.first_position +
                        static_cast<int64_t>(row.out->ids.size()) - 1);
  }
  const torch::Tensor embeddings = model_.embed(index_tensor(ids), {}, {});
  const torch::Tensor hidden = model_.forward(
      embeddings, index_tensor(positions).unsqueeze(0).repeat({3, 1}),
      attention);
  for (size_t r = 0; r < rows_.size(); ++r) {
    rows_[r].fed = rows_[r].out->ids.size();
    if (ids[r] != tokens_.gen_emb) continue;
    rows_[r].out->gen_embedding = unit_vector(hidden[static_cast<int64_t>(r)]);
    rows_[r].out->embedding_source = EmbeddingSource::kCompletion;
  }
  return hidden;
}

std::vector<SampledGroup> Decoding::run(std::span<const SampleJob> jobs) {
  const torch::NoGradGuard no_grad;
  groups_.resize(jobs.size());
  const torch::Tensor hidden = prefill(jobs);
  std::vector<int64_t> last_rows;
  std::vector<std::vector<RowRange>> prefixes;
  for (size_t j = 0; j < jobs.size(); ++j) {
    const auto item = static_cast<int64_t>(j);
    groups_[j].completions.resize(jobs[j].keys.size());
    for (size_t k = 0; k < jobs[j].keys.size(); ++k) {
      rows_.push_back({jobs[j].keys[k], batch_.items[j].next_position,
                       &groups_[j].completions[k]});
      last_rows.push_back(batch_.prompt_row(
          item, static_cast<int64_t>(jobs[j].prompt->ids.size()) - 1));
      prefixes.push_back(batch_.prompt_ranges(item));
    }
  }
  read_prompt_embeddings(jobs, hidden);
  if (rows_.empty()) return std::move(groups_);

  CachedAttention attention(prefix_, prefixes, params_.max_new_tokens);
  draw(model_.logits(hidden.index_select(0, index_tensor(last_rows))));
  keep_active(attention);
  while (!rows_.empty()) {
    const torch::Tensor state = feed(attention);
    const bool any_open = std::any_of(rows_.begin(), rows_.end(),
                                      [](const Row& r) { return !r.finished; });
    if (!any_open) break;
    draw(model_.logits(state));
    keep_active(attention);
  }
  return std::move(groups_);
}

}  // namespace

Sampler::Sampler(const Qwen2VL& model, SamplerTokens tokens)
    : model_(model), tokens_(std::move(tokens)) {
  const int64_t vocab = model_.config().vocab_size;
  const auto check = [&](int64_t id, const char* what) {
    if (id >= vocab) {
      throw InvalidInput(std::string("sampler: the id ") + std::to_string(id) +
                         " of " + what + " is beyond the vocabulary of " +
                         std::to_string(vocab));
    }
  };
  check(tokens_.gen_emb, "<gen_emb>");
  check(tokens_.disc_emb, "<disc_emb>");
  for (const int64_t id : tokens_.end) check(id, "an end token");
  for (const int64_t id : tokens_.forbidden) check(id, "a forbidden token");
}

std::vector<SampledGroup> Sampler::sample(std::span<const SampleJob> jobs,
                                          const SamplingParams& params) const {
  if (jobs.empty()) return {};
  std::vector<SampledGroup> groups =
      Decoding(model_, tokens_, params).run(jobs);
  for (int32_t number = 1; number <= params.max_redraws; ++number) {
    if (!redraw(jobs, params, number, groups)) break;
  }
  return groups;
}

bool Sampler::redraw(std::span<const SampleJob> jobs,
                     const SamplingParams& params,
                     int32_t number,
                     std::vector<SampledGroup>& groups) const {
  std::vector<SampleJob> again;
  std::vector<SampledCompletion*> missing;
  for (size_t j = 0; j < jobs.size(); ++j) {
    SampleJob job{jobs[j].prompt, {}};
    for (size_t i = 0; i < jobs[j].keys.size(); ++i) {
      SampledCompletion& c = groups[j].completions[i];
      if (c.embedding_source == EmbeddingSource::kCompletion) continue;
      missing.push_back(&c);
      job.keys.push_back(jobs[j].keys[i]);
      job.keys.back().redraw = static_cast<uint32_t>(number);
    }
    if (!job.keys.empty()) again.push_back(std::move(job));
  }
  if (again.empty()) return false;
  auto to = missing.begin();
  for (SampledGroup& group : Decoding(model_, tokens_, params).run(again)) {
    for (SampledCompletion& c : group.completions) {
      c.redraws = number;
      *(*to++) = std::move(c);
    }
  }
  return true;
}

}  // namespace ume
