#include "eval/prompt_encoder.h"

#include <algorithm>
#include <utility>

namespace ume {
namespace {

// Jobs [begin, end) of one pass: at most `budget` prompt tokens, at least one.
size_t batch_end(std::span<const EncodeJob> jobs,
                 size_t begin,
                 int64_t budget) {
  int64_t tokens = 0;
  size_t end = begin;
  while (end < jobs.size()) {
    tokens += static_cast<int64_t>(jobs[end].prompt->ids.size());
    if (end > begin && tokens > budget) break;
    ++end;
  }
  return end;
}

}  // namespace

PromptEncoder::PromptEncoder(const Qwen2VL& model,
                             const TextCodec& text,
                             EncodeOptions options)
    : text_(text), options_(options), sampler_(model, text.sampler_tokens()) {}

std::vector<EncodedPrompt> PromptEncoder::encode(
    std::span<const EncodeJob> jobs,
    const std::function<void(size_t)>& done) const {
  std::vector<EncodedPrompt> results(jobs.size());
  for (size_t begin = 0; begin < jobs.size();) {
    const size_t end = batch_end(jobs, begin, options_.batch_tokens);
    encode_batch(jobs.subspan(begin, end - begin),
                 std::span(results).subspan(begin, end - begin));
    if (done) done(end);
    begin = end;
  }
  return results;
}

void PromptEncoder::encode_batch(std::span<const EncodeJob> jobs,
                                 std::span<EncodedPrompt> results) const {
  std::vector<SampleJob> greedy;
  std::vector<SampleJob> sampled;
  std::vector<size_t> sampled_at;
  for (size_t j = 0; j < jobs.size(); ++j) {
    greedy.push_back({jobs[j].prompt, {}});
    if (options_.generate) greedy.back().keys.resize(1);
    if (!jobs[j].with_samples || options_.samples == 0) continue;
    sampled_at.push_back(j);
    sampled.push_back({jobs[j].prompt, {}});
    for (int64_t s = 0; s < options_.samples; ++s) {
      sampled.back().keys.push_back(
          {options_.seed, jobs[j].index, 0, static_cast<uint32_t>(s)});
    }
  }

  SamplingParams params;
  params.temperature = 0.0;
  params.max_new_tokens = static_cast<int32_t>(options_.max_new_tokens);
  std::vector<SampledGroup> groups = sampler_.sample(greedy, params);
  for (size_t j = 0; j < jobs.size(); ++j) {
    results[j].disc = std::move(groups[j].disc_embedding);
    if (groups[j].completions.empty()) continue;
    SampledCompletion& best = groups[j].completions.front();
    results[j].completion = text_.decode(best.ids);
    results[j].completion_tokens = static_cast<int64_t>(best.ids.size());
    results[j].gen_in_completion =
        best.embedding_source == EmbeddingSource::kCompletion;
    results[j].gen = std::move(best.gen_embedding);
  }

  params.temperature = options_.temperature;
  params.top_k = static_cast<int32_t>(options_.top_k);
  params.top_p = options_.top_p;
  groups = sampler_.sample(sampled, params);
  for (size_t k = 0; k < groups.size(); ++k) {
    EncodedPrompt& result = results[sampled_at[k]];
    for (SampledCompletion& c : groups[k].completions) {
      result.completion_tokens += static_cast<int64_t>(c.ids.size());
      result.sample_texts.push_back(text_.decode(c.ids));
      result.samples.push_back(std::move(c.gen_embedding));
    }
  }
}

}  // namespace ume
