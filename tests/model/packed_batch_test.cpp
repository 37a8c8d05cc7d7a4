#include "model/attention/packed_batch.h"

#include <catch2/catch.hpp>

#include "common/error/error.h"
#include "model/token_logprobs.h"
#include "tests/model/parity_case.h"

namespace ume {
namespace {

Qwen2VL load(const std::string& name) {
  const ModelConfig config = load_model_config(parity_folder(name));
  return {config, load_weights(parity_folder(name), config)};
}

const std::vector<int64_t> kShort = {11, 12};
const std::vector<int64_t> kLong = {21, 22, 23, 24, 25};
const std::vector<int64_t> kOne = {31};

// Sum of the log-probabilities of all completions' tokens.
torch::Tensor score(const Qwen2VL& model,
                    const std::vector<PackedItem>& items,
                    bool share_header) {
  const PackedBatch batch =
      pack_batch(items, model.config(), {.share_header = share_header});
  std::vector<int64_t> rows;
  std::vector<torch::Tensor> targets;
  for (size_t i = 0; i < items.size(); ++i) {
    for (size_t c = 0; c < items[i].completions.size(); ++c) {
      const auto more = batch.predicting_rows(static_cast<int64_t>(i),
                                              static_cast<int64_t>(c));
      rows.insert(rows.end(), more.begin(), more.end());
      targets.push_back(index_of(*items[i].completions[c]));
    }
  }
  const auto hidden = forward_batch(model, batch);
  return model
      .token_logprobs(hidden.index_select(0, index_of(rows)),
                      torch::cat(targets))
      .sum();
}

NamedTensors gradients(const Qwen2VL& model, const torch::Tensor& value) {
  for (const auto& [name, weight] : model.weights()) {
    weight.mutable_grad() = torch::Tensor();
  }
  value.backward();
  NamedTensors out;
  for (const auto& [name, weight] : model.weights()) {
    out[name] = weight.grad().clone();
  }
  return out;
}

}  // namespace

TEST_CASE("pack_batch: a group's shared prompt changes nothing") {
  const Qwen2VL model = load("model_a_qwen2vl_tied");
  const ParityCase parity =
      load_parity_case("model_a_qwen2vl_tied", "mixed_left", model.config());
  for (const auto& [name, weight] : model.weights()) weight.requires_grad_();
  std::vector<PackedItem> grouped;
  std::vector<PackedItem> apart;
  for (const PreparedPrompt& prompt : parity.prompts) {
    grouped.push_back({&prompt, {&kShort, &kLong, &kOne}});
    for (const auto* ids : {&kShort, &kLong, &kOne}) {
      apart.push_back({&prompt, {ids}});
    }
  }
  const auto expected_value = score(model, apart, false);
  const NamedTensors expected = gradients(model, expected_value);
  for (const bool share : {false, true}) {
    CAPTURE(share);
    const auto value = score(model, grouped, share);
    CHECK(value.item<double>() ==
          Approx(expected_value.item<double>()).epsilon(1e-6));
    const NamedTensors found = gradients(model, value);
    for (const auto& [name, tensor] : expected) {
      INFO(name);
      const double largest = tensor.abs().max().item<double>();
      CHECK(max_abs(found.at(name), tensor) <= 2e-5 * largest);
    }
  }
}

TEST_CASE("pack_batch: rows, positions and sequences of a group by hand") {
  ModelConfig config;
  config.vocab_size = 100;
  PreparedPrompt a;
  a.ids = {1, 2, 3, 4};
  PreparedPrompt b;
  b.ids = {1, 2, 5};
  const PackedBatch batch =
      pack_batch({{&a, {&kShort}}, {&b, {&kOne, &kShort}}}, config);
  // Header 1 2; then 3 4, 11 12; then 5, 31, 11 12.
  CHECK(torch::equal(batch.ids, index_of({1, 2, 3, 4, 11, 12, 5, 31, 11, 12})));
  CHECK(torch::equal(batch.positions[2],
                     index_of({0, 1, 2, 3, 4, 5, 2, 3, 3, 4})));
  CHECK(batch.prompt_row(0, 1) == 1);
  CHECK(batch.prompt_row(0, 3) == 3);
  CHECK(batch.prompt_row(1, 2) == 6);
  CHECK(batch.predicting_rows(0, 0) == std::vector<int64_t>{3, 4});
  CHECK(batch.predicting_rows(1, 1) == std::vector<int64_t>{6, 8});
  CHECK(batch.items[1].next_position == 3);
  REQUIRE(batch.sequences.size() == 6);
  CHECK(batch.sequences[5].context.size() == 2);
  CHECK(batch.sequences[5].context[0].end == 2);
  CHECK(batch.sequences[5].context[1].begin == 6);
}

TEST_CASE("pack_batch: refuses prompts that do not fit") {
  const ModelConfig config =
      load_model_config(parity_folder("model_a_qwen2vl_tied"));
  ParityCase parity =
      load_parity_case("model_a_qwen2vl_tied", "image_single", config);
  PreparedPrompt& prompt = parity.prompts[0];
  const auto refused = [&] {
    CHECK_THROWS_AS(pack_batch({{&prompt, {}}}, config), InvalidInput);
  };
  CHECK_THROWS_AS(pack_batch({}, config), InvalidInput);
  const std::vector<int64_t> none;
  CHECK_THROWS_AS(pack_batch({{&prompt, {&none}}}, config), InvalidInput);
  const PreparedPrompt good = prompt;
  prompt.ids[3] = config.vocab_size;
  refused();
  prompt.ids[3] = -1;
  refused();
  prompt = good;
  prompt.patches.pop_back();
  refused();
  prompt = good;
  prompt.num_patches -= 4;
  refused();
  prompt = good;
  prompt.media[0].grid[1] += 2;
  refused();
  prompt = good;
  prompt.media[0].first_token = static_cast<int64_t>(prompt.ids.size()) - 2;
  refused();
  prompt = good;
  prompt.ids.clear();
  refused();
}

TEST_CASE("CachedAttention: rows may share a prompt, finish and leave") {
  const Qwen2VL model = load("model_a_qwen2vl_tied");
  const ParityCase parity =
      load_parity_case("model_a_qwen2vl_tied", "mixed_left", model.config());
  const torch::NoGradGuard no_grad;
  // Rows 0, 1: two answers to prompt 0; row 2: an answer to prompt 3.
  const std::vector<std::vector<int64_t>> answers = {
      {5, 6, 7, 8}, {9, 10}, {41, 42, 43, 44}};
  const std::vector<size_t> prompts = {0, 0, 3};
  const PackedBatch batch = pack_batch(
      {{&parity.prompts[0], {}}, {&parity.prompts[3], {}}}, model.config());
  PackedAttention prefill(plan_attention(batch.sequences, true), true);
  forward_batch(model, batch, prefill);
  CachedAttention cache(
      prefill.key_values(),
      {batch.prompt_ranges(0), batch.prompt_ranges(0), batch.prompt_ranges(1)},
      4);
  std::vector<std::vector<torch::Tensor>> states(3);
  std::vector<int64_t> alive = {0, 1, 2};
  for (int64_t step = 0; step < 4; ++step) {
    if (step == 2) {
      cache.keep_rows(index_of({0, 2}));
      alive = {0, 2};
    }
    std::vector<int64_t> ids;
    std::vector<int64_t> places;
    for (const int64_t row : alive) {
      const auto at = static_cast<size_t>(row);
      ids.push_back(answers[at][static_cast<size_t>(step)]);
      places.push_back(batch.items[row == 2 ? 1 : 0].next_position + step);
    }
    const auto hidden = model.forward(model.embed(index_of(ids), {}, {}),
                                      index_of(places).expand({3, -1}), cache);
    for (size_t i = 0; i < alive.size(); ++i) {
      states[static_cast<size_t>(alive[i])].push_back(
          hidden[static_cast<int64_t>(i)]);
    }
  }
  for (size_t row = 0; row < answers.size(); ++row) {
    const PackedBatch whole = pack_batch(
        {{&parity.prompts[prompts[row]], {&answers[row]}}}, model.config());
    const auto hidden = forward_batch(model, whole);
    const RowRange range = whole.items[0].completions[0];
    CHECK(max_abs(torch::stack(states[row]),
                  hidden.narrow(0, range.begin, range.size())) < 2e-5);
  }
}

TEST_CASE("token_logprobs: chunks, value and gradients equal log_softmax's") {
  torch::manual_seed(3);
  const auto hidden = torch::randn({150, 8}).requires_grad_();
  const auto weight = torch::randn({40, 8}).requires_grad_();
  const auto targets = torch::randint(40, {150}, torch::kInt64);
  const auto scale = torch::randn({150});
  const auto expected = torch::log_softmax(torch::linear(hidden, weight), -1)
                            .gather(1, targets.unsqueeze(1))
                            .squeeze(1);
  const auto wanted =
      torch::autograd::grad({(expected * scale).sum()}, {hidden, weight});
  for (const int64_t chunk : {1, 3000, 1 << 20}) {
    CAPTURE(chunk);
    const auto found = token_logprobs(hidden, weight, targets, chunk);
    CHECK(max_abs(found, expected.detach()) < 2e-6);
    const auto got =
        torch::autograd::grad({(found * scale).sum()}, {hidden, weight});
    CHECK(max_abs(got[0], wanted[0]) < 2e-5);
    CHECK(max_abs(got[1], wanted[1]) < 5e-5);
  }
}

}  // namespace ume
