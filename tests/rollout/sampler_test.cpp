#include "rollout/sampler.h"

#include <torch/nn/functional/normalization.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "common/error/error.h"
#include "common/tensorfile/safetensors.h"
#include "kernels/torch.h"
#include "model/attention/packed_batch.h"

namespace ume {
namespace {

const std::string kModel = "tests/fixtures/parity/model_a_qwen2vl_tied";

struct Loaded {
  ModelConfig config = load_model_config(kModel);
  Qwen2VL model{config, load_weights(kModel, config)};
};

const Loaded& loaded() {
  static const Loaded instance;
  return instance;
}

// A prompt of plain text ids (below the control tokens, which start at 1981).
PreparedPrompt text_prompt(std::vector<int64_t> ids) {
  PreparedPrompt prompt;
  prompt.ids = std::move(ids);
  prompt.patch_dim = 1176;
  return prompt;
}

SamplerTokens tokens_of_model_a() {
  SamplerTokens tokens;
  tokens.gen_emb = 1995;
  tokens.disc_emb = 1996;
  tokens.end = {1983};
  return tokens;
}

std::vector<SampleKey> keys(uint64_t dispatch, uint32_t count) {
  std::vector<SampleKey> result;
  for (uint32_t s = 0; s < count; ++s) result.push_back({1, dispatch, 0, s});
  return result;
}

SampledGroup sample_one(const PreparedPrompt& prompt,
                        const std::vector<SampleKey>& keys,
                        const SamplingParams& params,
                        SamplerTokens tokens = tokens_of_model_a()) {
  const Sampler sampler(loaded().model, std::move(tokens));
  const SampleJob job{&prompt, keys};
  return sampler.sample({&job, 1}, params).front();
}

// Hidden states of prompt and completion, without a cache: [length, hidden].
torch::Tensor whole_forward(const PreparedPrompt& prompt,
                            const std::vector<int64_t>& completion) {
  PreparedPrompt whole = prompt;
  whole.ids.insert(whole.ids.end(), completion.begin(), completion.end());
  const PackedBatch batch = pack_batch({{&whole, {}}}, loaded().config);
  const torch::NoGradGuard no_grad;
  return forward_batch(loaded().model, batch);
}

TEST_CASE("greedy decoding equals the reference's continuation") {
  std::ifstream stream(kModel + "/cases_text_only.json");
  const auto json = nlohmann::json::parse(stream);
  const TensorFile file =
      TensorFile::open(kModel + "/cases_text_only.safetensors");
  const auto* ids =
      reinterpret_cast<const int64_t*>(file.at("input_ids").bytes.data());
  const auto prompt_len = json["rows"][0]["prompt_len"].get<int64_t>();
  const TensorView& greedy = file.at("greedy_ids");
  const auto* expected = reinterpret_cast<const int64_t*>(greedy.bytes.data());
  const auto* logprobs =
      reinterpret_cast<const float*>(file.at("greedy_logprobs").bytes.data());
  SamplingParams params;
  params.temperature = 0.0;
  params.max_new_tokens = static_cast<int32_t>(greedy.shape[1]);
  params.ignore_eos = true;
  const SampledGroup group =
      sample_one(text_prompt({ids, ids + prompt_len}), keys(0, 1), params);
  const SampledCompletion& answer = group.completions.front();
  REQUIRE(answer.ids.size() == static_cast<size_t>(greedy.shape[1]));
  for (size_t i = 0; i < answer.ids.size(); ++i) {
    CHECK(answer.ids[i] == expected[i]);
    CHECK(answer.logprobs[i] == Approx(logprobs[i]).margin(1e-3));
  }
}

TEST_CASE(
    "sampled log-probabilities and embeddings equal a pass without cache") {
  const PreparedPrompt prompt = text_prompt({5, 9, 1996, 40, 7, 8});
  SamplingParams params;
  params.max_new_tokens = 20;
  SamplerTokens tokens = tokens_of_model_a();
  const SampledGroup group = sample_one(prompt, keys(3, 6), params, tokens);
  REQUIRE(group.completions.size() == 6);
  for (const SampledCompletion& c : group.completions) {
    const torch::Tensor hidden = whole_forward(prompt, c.ids);
    const torch::Tensor logprobs =
        torch::log_softmax(loaded().model.logits(hidden), -1);
    for (size_t i = 0; i < c.ids.size(); ++i) {
      const auto row = static_cast<int64_t>(prompt.ids.size() + i) - 1;
      CHECK(c.logprobs[i] ==
            Approx(logprobs[row][c.ids[i]].item<float>()).margin(2e-4));
    }
    const torch::Tensor disc = torch::nn::functional::normalize(
        hidden[2], torch::nn::functional::NormalizeFuncOptions().dim(0));
    CHECK(group.disc_embedding[0] ==
          Approx(disc[0].item<float>()).margin(1e-4));
  }
}

TEST_CASE("an answer of any length is that of a pass without cache") {
  // Longer than the cache is at first, twice.
  const PreparedPrompt prompt = text_prompt({5, 9, 40, 7, 8});
  SamplingParams params;
  params.max_new_tokens = 260;
  params.ignore_eos = true;
  const SampledCompletion c =
      sample_one(prompt, keys(4, 1), params).completions.front();
  REQUIRE(c.ids.size() == 260);
  const torch::Tensor logprobs = torch::log_softmax(
      loaded().model.logits(whole_forward(prompt, c.ids)), -1);
  for (size_t i = 0; i < c.ids.size(); ++i) {
    const auto row = static_cast<int64_t>(prompt.ids.size() + i) - 1;
    CAPTURE(i);
    CHECK(c.logprobs[i] ==
          Approx(logprobs[row][c.ids[i]].item<float>()).margin(5e-4));
  }
}

TEST_CASE(
    "the generative embedding is the state after the last <gen_emb>, also "
    "when it is the last token that fits") {
  // Any token may stand for <gen_emb>: take the greedy answer's fourth.
  const PreparedPrompt prompt = text_prompt({11, 12, 13});
  SamplingParams params;
  params.temperature = 0.0;
  params.max_new_tokens = 4;
  SamplerTokens tokens = tokens_of_model_a();
  const auto plain = sample_one(prompt, keys(0, 1), params, tokens);
  const std::vector<int64_t> ids = plain.completions[0].ids;
  REQUIRE(ids.size() == 4);
  tokens.gen_emb = ids[3];
  const auto group = sample_one(prompt, keys(0, 1), params, tokens);
  const SampledCompletion& c = group.completions[0];
  CHECK(c.ids == ids);
  CHECK(c.embedding_source == EmbeddingSource::kCompletion);
  const torch::Tensor state = torch::nn::functional::normalize(
      whole_forward(prompt, ids)[6],
      torch::nn::functional::NormalizeFuncOptions().dim(0));
  REQUIRE(c.gen_embedding.size() ==
          static_cast<size_t>(loaded().config.hidden_size));
  for (size_t i = 0; i < c.gen_embedding.size(); ++i) {
    CHECK(c.gen_embedding[i] ==
          Approx(state[static_cast<int64_t>(i)].item<float>()).margin(1e-4));
  }
}

TEST_CASE(
    "an answer without <gen_emb> has the prompt's own embedding, or none") {
  SamplingParams params;
  params.max_new_tokens = 2;
  SamplerTokens tokens = tokens_of_model_a();
  tokens.forbidden = {1995};
  const auto with =
      sample_one(text_prompt({5, 1995, 6}), keys(0, 1), params, tokens);
  CHECK(with.completions[0].embedding_source == EmbeddingSource::kPrompt);
  const auto without =
      sample_one(text_prompt({5, 6}), keys(0, 1), params, tokens);
  CHECK(without.completions[0].embedding_source == EmbeddingSource::kNone);
  CHECK(without.completions[0].gen_embedding.empty());
}

// Of 12 samples of a prompt, redrawn up to `max_redraws` times. Any token may
// stand for <gen_emb>: the one that most of the first draws have.
std::vector<SampledCompletion> redrawn(int32_t max_redraws) {
  const PreparedPrompt prompt = text_prompt({11, 12, 13});
  SamplingParams params;
  params.max_new_tokens = 6;
  params.ignore_eos = true;
  SamplerTokens tokens = tokens_of_model_a();
  const auto first = sample_one(prompt, keys(0, 12), params, tokens);
  std::map<int64_t, int> seen;
  for (const SampledCompletion& c : first.completions) {
    for (const int64_t id : std::set(c.ids.begin(), c.ids.end())) ++seen[id];
  }
  const auto common = std::max_element(
      seen.begin(), seen.end(),
      [](const auto& a, const auto& b) { return a.second < b.second; });
  tokens.gen_emb = common->first;
  params.max_redraws = max_redraws;
  return sample_one(prompt, keys(0, 12), params, tokens).completions;
}

TEST_CASE(
    "max_redraws draws anew what has no <gen_emb>, from streams of its own, "
    "and leaves the others alone") {
  const auto first = redrawn(0);
  const auto last = redrawn(3);
  REQUIRE(first.size() == last.size());
  int missing = 0;
  for (size_t i = 0; i < first.size(); ++i) {
    INFO("sample " << i);
    CHECK(first[i].redraws == 0);
    if (first[i].embedding_source == EmbeddingSource::kCompletion) {
      CHECK(last[i].ids == first[i].ids);
      CHECK(last[i].redraws == 0);
      continue;
    }
    ++missing;
    CHECK(last[i].ids != first[i].ids);
    CHECK(last[i].redraws >= 1);
    CHECK(last[i].ids.size() == last[i].logprobs.size());
    if (last[i].embedding_source == EmbeddingSource::kNone) {
      CHECK(last[i].redraws == 3);
    } else {
      CHECK_FALSE(last[i].gen_embedding.empty());
    }
  }
  CHECK(missing > 0);
  CHECK(redrawn(3).front().ids == last.front().ids);
}

TEST_CASE("a completion is a function of its key, not of its neighbours") {
  const PreparedPrompt prompt = text_prompt({21, 22, 23, 24});
  const PreparedPrompt other = text_prompt({31, 32});
  SamplingParams params;
  params.max_new_tokens = 12;
  const auto alone = sample_one(prompt, {{9, 4, 1, 2}}, params);
  const Sampler sampler(loaded().model, tokens_of_model_a());
  const std::vector<SampleJob> jobs = {{&other, keys(8, 3)},
                                       {&prompt, {{9, 4, 1, 2}, {9, 4, 1, 3}}}};
  const auto together = sampler.sample(jobs, params);
  CHECK(together[1].completions[0].ids == alone.completions[0].ids);
  CHECK(together[1].completions[1].ids != alone.completions[0].ids);
}

TEST_CASE("an end token ends a completion and is part of it") {
  const PreparedPrompt prompt = text_prompt({11, 12, 13});
  SamplingParams params;
  params.temperature = 0.0;
  params.max_new_tokens = 10;
  SamplerTokens tokens = tokens_of_model_a();
  const auto plain = sample_one(prompt, keys(0, 1), params, tokens);
  tokens.end = {plain.completions[0].ids[2]};
  const auto ended = sample_one(prompt, keys(0, 1), params, tokens);
  CHECK(ended.completions[0].finish == FinishReason::kEndToken);
  CHECK(ended.completions[0].ids.size() <= 3);
  CHECK(ended.completions[0].ids.back() == tokens.end[0]);
  CHECK(plain.completions[0].finish == FinishReason::kLength);
}

TEST_CASE("an id beyond the vocabulary is refused at construction") {
  SamplerTokens tokens = tokens_of_model_a();
  tokens.gen_emb = 5000;
  CHECK_THROWS_AS(Sampler(loaded().model, tokens), InvalidInput);
}

}  // namespace
}  // namespace ume
