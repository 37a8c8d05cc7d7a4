#include "tests/model/parity_checks.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

#include "model/attention/packed_batch.h"

namespace ume {

Loaded load_parity_model(const std::string& name, const std::string& cases) {
  const std::string folder = parity_folder(name);
  const ModelConfig config = load_model_config(folder);
  return {folder, cases.empty() ? name : cases,
          Qwen2VL(config, load_weights(folder, config))};
}

namespace {

constexpr double kTolerance = 2e-4;
constexpr double kVisionTolerance = 1e-4;
constexpr double kGradientTolerance = 1e-3;  // relative

void note(const Loaded& loaded, const std::string& kind, double error) {
  if (loaded.errors == nullptr) return;
  double& largest = (*loaded.errors)[{loaded.cases, kind}];
  largest = std::max(largest, error);
}

void check_close(const Loaded& loaded,
                 const std::string& kind,
                 const torch::Tensor& found,
                 const torch::Tensor& expected,
                 double tolerance) {
  INFO(kind);
  const double error = max_abs(found, expected);
  note(loaded, kind, error);
  CHECK(error < tolerance);
}

std::vector<MediaGrid> grids_of(const torch::Tensor& table) {
  std::vector<MediaGrid> out;
  for (int64_t i = 0; i < table.size(0); ++i) {
    out.push_back({table[i][0].item<int64_t>(), table[i][1].item<int64_t>(),
                   table[i][2].item<int64_t>()});
  }
  return out;
}

void check_vision(const Loaded& loaded, const ParityCase& parity) {
  const auto& expected = parity.expected;
  for (const bool video : {false, true}) {
    const auto features = expected.find(video ? "vision.video_features"
                                              : "vision.image_features");
    if (features == expected.end()) continue;
    LayerTrace trace;
    const auto found = loaded.model.encode_media(
        video ? parity.videos : parity.images,
        grids_of(expected.at(video ? "video_grid_thw" : "image_grid_thw")),
        &trace);
    check_close(loaded, "vision features", found, features->second,
                kVisionTolerance);
    for (size_t i = 0; i < trace.after_block.size(); ++i) {
      const auto block = expected.find("vision.block_out." + std::to_string(i));
      if (block == expected.end()) continue;
      check_close(loaded, "vision blocks", trace.after_block[i], block->second,
                  kVisionTolerance);
    }
  }
}

// Of one row of the case, [valid tokens, ...].
torch::Tensor expected_row(const ParityCase& parity,
                           const std::string& name,
                           int64_t row) {
  return parity.expected.at(name)[row].index_select(
      0, index_of(parity.valid[static_cast<size_t>(row)]));
}

void check_states(const Loaded& loaded,
                  const ParityCase& parity,
                  const PackedBatch& batch) {
  const Qwen2VL& model = loaded.model;
  const auto& expected = parity.expected;
  torch::Tensor features;
  if (batch.patches.defined()) {
    features = model.encode_media(batch.patches, batch.grids);
  }
  PackedAttention attention(plan_attention(batch.sequences, true));
  const auto start = model.embed(batch.ids, batch.visual_rows, features);
  LayerTrace trace;
  const auto final_hidden =
      model.forward(start, batch.positions, attention, &trace);
  trace.after_block.insert(trace.after_block.begin(), start);
  for (size_t item = 0; item < parity.prompts.size(); ++item) {
    const auto row = static_cast<int64_t>(item);
    const auto rows = index_of(all_rows(batch, row));
    for (size_t i = 0; i < trace.after_block.size(); ++i) {
      const std::string name = "hidden." + std::to_string(i);
      if (!expected.contains(name)) continue;
      INFO(name);
      check_close(loaded, "hidden states",
                  trace.after_block[i].index_select(0, rows),
                  expected_row(parity, name, row), kTolerance);
    }
    const auto states = final_hidden.index_select(0, rows);
    if (expected.contains("final_hidden")) {
      check_close(loaded, "final state", states,
                  expected_row(parity, "final_hidden", row), kTolerance);
    }
    if (expected.contains("final_hidden_last_valid")) {
      check_close(loaded, "final state", states[-1],
                  expected.at("final_hidden_last_valid")[row], kTolerance);
    }
    if (expected.contains("logits_last_valid")) {
      check_close(loaded, "logits", model.logits(states.narrow(0, -1, 1))[0],
                  expected.at("logits_last_valid")[row], kTolerance);
    }
    if (expected.contains("logits")) {
      const int64_t first = parity.json.at("logits_positions")[0];
      const int64_t end = parity.json.at("logits_positions")[1];
      check_close(loaded, "logits",
                  model.logits(states.narrow(0, first, end - first)),
                  expected.at("logits")[row], kTolerance);
    }
  }
}

void check_logprobs(const Loaded& loaded,
                    const ParityCase& parity,
                    const PackedBatch& batch) {
  const auto hidden = forward_batch(loaded.model, batch);
  for (size_t item = 0; item < parity.prompts.size(); ++item) {
    const auto row = static_cast<int64_t>(item);
    const auto rows = index_of(all_rows(batch, row));
    const auto ids = batch.ids.index_select(0, rows);
    const int64_t length = ids.size(0);
    const auto found = loaded.model.token_logprobs(
        hidden.index_select(0, rows.narrow(0, 0, length - 1)),
        ids.narrow(0, 1, length - 1));
    const auto columns = index_of(parity.valid[item]).narrow(0, 0, length - 1);
    check_close(
        loaded, "log-probabilities", found,
        parity.expected.at("token_logprobs")[row].index_select(0, columns),
        kTolerance);
  }
}

void check_positions(const ParityCase& parity, const PackedBatch& batch) {
  const auto& expected = parity.expected.at("position_ids");
  for (size_t item = 0; item < parity.prompts.size(); ++item) {
    const auto row = static_cast<int64_t>(item);
    const auto found =
        batch.positions.index_select(1, index_of(all_rows(batch, row)));
    const auto wanted =
        expected.select(1, row).index_select(1, index_of(parity.valid[item]));
    CHECK(torch::equal(found, wanted));
  }
}

}  // namespace

void check_forward(const Loaded& loaded,
                   const std::vector<std::string>& cases) {
  const torch::NoGradGuard no_grad;
  for (const std::string& name : cases) {
    CAPTURE(loaded.folder, name);
    const ParityCase parity =
        load_parity_case(loaded.cases, name, loaded.model.config());
    // A shared header must not change anything.
    for (const bool share : {false, true}) {
      CAPTURE(share);
      const PackedBatch batch = pack_batch(
          parity_items(parity), loaded.model.config(), {.share_header = share});
      check_positions(parity, batch);
      check_states(loaded, parity, batch);
      check_logprobs(loaded, parity, batch);
    }
    check_vision(loaded, parity);
  }
}

namespace {

// Mean cross-entropy of the completions' tokens.
torch::Tensor completion_loss(const Qwen2VL& model, const PackedBatch& batch) {
  std::vector<int64_t> rows;
  std::vector<torch::Tensor> targets;
  for (size_t item = 0; item < batch.items.size(); ++item) {
    const auto predicting =
        batch.predicting_rows(static_cast<int64_t>(item), 0);
    rows.insert(rows.end(), predicting.begin(), predicting.end());
    const RowRange range = batch.items[item].completions[0];
    targets.push_back(batch.ids.narrow(0, range.begin, range.size()));
  }
  const auto hidden = forward_batch(model, batch);
  return -model
              .token_logprobs(hidden.index_select(0, index_of(rows)),
                              torch::cat(targets))
              .mean();
}

}  // namespace

void check_gradients(const Loaded& loaded, const std::string& name) {
  CAPTURE(loaded.folder, name);
  const ModelConfig& config = loaded.model.config();
  const ParityCase parity = load_parity_case(loaded.cases, name, config);
  for (const bool share : {false, true}) {
    for (const auto& [key, weight] : loaded.model.weights()) {
      weight.mutable_grad() = torch::Tensor();
      weight.requires_grad_(true);
    }
    const PackedBatch batch =
        pack_batch(parity_items(parity), config, {.share_header = share});
    const auto loss = completion_loss(loaded.model, batch);
    loss.backward();
    const auto& expected = parity.json.at("gradient");
    CHECK(loss.item<double>() ==
          Approx(expected.at("loss").get<double>()).margin(kTolerance));
    for (const auto& [key, norm] : expected.at("grad_norms").items()) {
      INFO(key);
      const auto& gradient = loaded.model.weights().at(key).grad();
      REQUIRE(gradient.defined());
      const double wanted = norm.get<double>();
      const double found = gradient.norm().item<double>();
      note(loaded, "gradient norms (relative)",
           std::abs(found - wanted) / wanted);
      CHECK(found == Approx(wanted).epsilon(kGradientTolerance));
    }
    for (const auto& [key, tensor] : parity.expected) {
      if (!key.starts_with("grad.")) continue;
      INFO(key);
      const auto& found = loaded.model.weights().at(key.substr(5)).grad();
      const double largest = tensor.abs().max().item<double>();
      const double error = max_abs(found, tensor) / largest;
      note(loaded, "gradients (of the largest)", error);
      CHECK(error < kGradientTolerance);
    }
  }
}

namespace {

// Greedy completions of all prompts, [rows][steps], over a cache.
std::vector<std::vector<int64_t>> decode(const Qwen2VL& model,
                                         const ParityCase& parity,
                                         int64_t steps,
                                         torch::Tensor& logprobs) {
  const torch::NoGradGuard no_grad;
  std::vector<PackedItem> items;
  for (const auto& prompt : parity.prompts) items.push_back({&prompt, {}});
  const PackedBatch batch = pack_batch(items, model.config());
  PackedAttention prefill(plan_attention(batch.sequences, true), true);
  const auto hidden = forward_batch(model, batch, prefill);
  std::vector<std::vector<RowRange>> rows;
  std::vector<int64_t> last;
  std::vector<int64_t> places;
  for (size_t i = 0; i < items.size(); ++i) {
    const auto item = static_cast<int64_t>(i);
    rows.push_back(batch.prompt_ranges(item));
    last.push_back(batch.items[i].own.end - 1);
    places.push_back(batch.items[i].next_position);
  }
  CachedAttention cache(prefill.key_values(), rows, steps);
  std::vector<std::vector<int64_t>> out(items.size());
  std::vector<torch::Tensor> columns;
  auto state = hidden.index_select(0, index_of(last));
  auto position = index_of(places);
  for (int64_t step = 0; step < steps; ++step) {
    const auto all = torch::log_softmax(model.logits(state), -1);
    const auto [best, ids] = all.max(-1);
    columns.push_back(best);
    for (size_t i = 0; i < out.size(); ++i) {
      out[i].push_back(ids[static_cast<int64_t>(i)].item<int64_t>());
    }
    if (step + 1 == steps) break;
    state = model.forward(model.embed(ids, {}, {}),
                          (position + step).expand({3, -1}), cache);
  }
  logprobs = torch::stack(columns, 1);
  return out;
}

// The same by running everything anew for each token.
std::vector<int64_t> decode_without_cache(const Qwen2VL& model,
                                          const PreparedPrompt& prompt,
                                          int64_t steps) {
  const torch::NoGradGuard no_grad;
  std::vector<int64_t> out;
  while (static_cast<int64_t>(out.size()) < steps) {
    PackedItem item{&prompt, {}};
    if (!out.empty()) item.completions.push_back(&out);
    const PackedBatch batch = pack_batch({item}, model.config());
    const auto hidden = forward_batch(model, batch);
    const auto logits = model.logits(hidden.narrow(0, -1, 1));
    out.push_back(logits.argmax(-1).item<int64_t>());
  }
  return out;
}

}  // namespace

void check_greedy(const Loaded& loaded, const std::vector<std::string>& cases) {
  for (const std::string& name : cases) {
    CAPTURE(loaded.folder, name);
    const ParityCase parity =
        load_parity_case(loaded.cases, name, loaded.model.config());
    const auto& expected = parity.expected.at("greedy_ids");
    torch::Tensor logprobs;
    const auto found = decode(loaded.model, parity, expected.size(1), logprobs);
    check_close(loaded, "greedy log-probabilities", logprobs,
                parity.expected.at("greedy_logprobs"), kTolerance);
    for (size_t row = 0; row < found.size(); ++row) {
      const auto wanted = expected[static_cast<int64_t>(row)];
      CHECK(torch::equal(index_of(found[row]), wanted));
      CHECK(torch::equal(
          index_of(decode_without_cache(loaded.model, parity.prompts[row],
                                        expected.size(1))),
          wanted));
    }
  }
}

}  // namespace ume
