#include <catch2/catch.hpp>
#include <cstdio>

#include "model/packed_batch.h"
#include "model/stored_weights.h"
#include "tests/model/parity_checks.h"
#include "tests/support/scratch_folder.h"

namespace ume {
namespace {

const std::vector<std::string> kSmallCases = {"text_only", "image_single"};

}  // namespace

TEST_CASE("Qwen2VL: tied model equals the reference in every state") {
  const Loaded loaded = load_parity_model("model_a_qwen2vl_tied");
  check_forward(loaded, kForwardCases);
}

TEST_CASE("Qwen2VL: tied model has the reference's gradients") {
  const Loaded loaded = load_parity_model("model_a_qwen2vl_tied");
  for (const std::string& name : kGradientCases) {
    check_gradients(loaded, name);
  }
}

TEST_CASE("Qwen2VL: tied model decodes the reference's tokens") {
  check_greedy(load_parity_model("model_a_qwen2vl_tied"), kGreedyCases);
}

TEST_CASE("Qwen2VL: the nested layout gives the same model") {
  const Loaded nested = load_parity_model(
      "model_a_qwen2vl_tied_transformers5_layout", "model_a_qwen2vl_tied");
  const Loaded classic = load_parity_model("model_a_qwen2vl_tied");
  CHECK(model_config_json(nested.model.config()) ==
        model_config_json(classic.model.config()));
  REQUIRE(nested.model.weights().size() == classic.model.weights().size());
  for (const auto& [name, weight] : classic.model.weights()) {
    INFO(name);
    CHECK(torch::equal(weight, nested.model.weights().at(name)));
  }
  check_forward(nested, {"mixed_left"});
}

TEST_CASE("Qwen2VL: untied model equals the reference") {
  const Loaded loaded = load_parity_model("model_b_qwen2vl_untied");
  check_forward(loaded, kForwardCases);
  check_greedy(loaded, kGreedyCases);
  for (const std::string& name : kGradientCases) {
    check_gradients(loaded, name);
  }
}

TEST_CASE("Qwen2VL: the windowed family equals the reference") {
  const Loaded loaded = load_parity_model("model_c_qwen25vl");
  check_forward(loaded, kForwardCases);
  check_greedy(loaded, kGreedyCases);
  for (const std::string& name : kGradientCases) {
    check_gradients(loaded, name);
  }
}

TEST_CASE("Qwen2VL: a bf16 file with the full vocabulary, computed in fp32") {
  const Loaded loaded = load_parity_model("model_d_qwen2vl_fullvocab_bf16");
  check_forward(loaded, kSmallCases);
  check_greedy(loaded, {"text_only"});
  check_gradients(loaded, "image_single");
}

namespace {

double max_error(const torch::Tensor& found, const torch::Tensor& expected) {
  return max_abs(found.to(torch::kFloat32), expected.to(torch::kFloat32));
}

}  // namespace

TEST_CASE("Qwen2VL: whole in bf16 it errs no more than the reference does") {
  const torch::NoGradGuard no_grad;
  for (const char* name :
       {"model_a_qwen2vl_tied", "model_b_qwen2vl_untied", "model_c_qwen25vl"}) {
    const std::string folder = parity_folder(name);
    const ModelConfig config = load_model_config(folder);
    const Qwen2VL model(config, load_weights(folder, config, torch::kBFloat16));
    for (const std::string& case_name : kSmallCases) {
      CAPTURE(name, case_name);
      const ParityCase parity = load_parity_case(name, case_name, config);
      const PackedBatch batch = pack_batch(parity_items(parity), config);
      const auto rows = index_of(all_rows(batch, 0));
      const int64_t first = parity.json.at("logits_positions")[0];
      const int64_t end = parity.json.at("logits_positions")[1];
      const auto logits = model.logits(
          forward_batch(model, batch)
              .index_select(0, rows.narrow(0, first, end - first)));
      REQUIRE(logits.scalar_type() == torch::kBFloat16);
      const auto& exact = parity.expected.at("logits")[0];
      const double theirs =
          max_error(parity.expected.at("logits_bf16")[0], exact);
      // Another order of rounding; the same size of error.
      CHECK(max_error(logits, exact) < 2.0 * theirs);
    }
  }
}

TEST_CASE("Qwen2VL: mapped bf16 weights give the fp32 numbers") {
  const torch::NoGradGuard no_grad;
  const std::string name = "model_d_qwen2vl_fullvocab_bf16";
  const Loaded loaded = load_parity_model(name);
  Loaded mapped = {loaded.folder, name,
                   Qwen2VL(loaded.model.config(),
                           map_weights(loaded.folder, loaded.model.config()))};
  CHECK(mapped.model.head_weight().scalar_type() == torch::kBFloat16);
  check_forward(mapped, kSmallCases);
  check_greedy(mapped, {"text_only"});
}

TEST_CASE("Qwen2VL: mapped fp16 weights give the fp32 numbers") {
  const torch::NoGradGuard no_grad;
  const std::string name = "model_a_qwen2vl_tied";
  const std::string source = parity_folder(name);
  const ModelConfig config = load_model_config(source);
  const ScratchFolder folder;
  save_model(folder.path(), config, load_weights(source, config),
             {.dtype = torch::kFloat16, .companions = source});
  const Qwen2VL mapped(config, map_weights(folder.path(), config));
  const Qwen2VL loaded(config, load_weights(folder.path(), config));
  CHECK(mapped.head_weight().scalar_type() == torch::kFloat16);
  for (const std::string& case_name : kSmallCases) {
    CAPTURE(case_name);
    const PackedBatch batch = pack_batch(
        parity_items(load_parity_case(name, case_name, config)), config);
    const auto found = mapped.logits(forward_batch(mapped, batch));
    const auto expected = loaded.logits(forward_batch(loaded, batch));
    CHECK(max_error(found, expected) < 1e-4);
  }
}

// Not part of the suite: `ume_tests_model "[table]"` prints the table of
// docs/parity.md.
TEST_CASE("Qwen2VL: the largest errors", "[.][table]") {
  ErrorTable errors;
  for (const char* name :
       {"model_a_qwen2vl_tied", "model_b_qwen2vl_untied", "model_c_qwen25vl",
        "model_d_qwen2vl_fullvocab_bf16"}) {
    Loaded loaded = load_parity_model(name);
    loaded.errors = &errors;
    const bool small = std::string(name).starts_with("model_d");
    check_forward(loaded, small ? kSmallCases : kForwardCases);
    check_greedy(loaded,
                 small ? std::vector<std::string>{"text_only"} : kGreedyCases);
    for (const std::string& case_name : kGradientCases) {
      if (!small || case_name == "image_single") {
        check_gradients(loaded, case_name);
      }
    }
  }
  for (const auto& [key, error] : errors) {
    std::printf("%-32s %-28s %.1e\n", key.first.c_str(), key.second.c_str(),
                error);
  }
}

}  // namespace ume
