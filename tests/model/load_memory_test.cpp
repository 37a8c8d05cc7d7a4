#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "model/stored_weights.h"
#include "tests/model/parity_case.h"
#include "tests/support/memory_status.h"
#include "tests/support/scratch_folder.h"

// How much memory loading takes, as the kernel counts it.
namespace ume {
namespace {

// A model of about 80 MB, and the size of its file.
struct BigModel {
  ModelConfig config = load_model_config(parity_folder("model_a_qwen2vl_tied"));
  ScratchFolder folder;
  double file_bytes = 0.0;

  explicit BigModel(torch::ScalarType dtype) {
    config.vocab_size = dtype != torch::kFloat32 ? 600'000 : 300'000;
    WriteModelOptions options;
    options.dtype = dtype;
    const WeightReader zeros = [](const WeightSpec&, int64_t,
                                  std::span<float> out) {
      std::fill(out.begin(), out.end(), 0.25f);
    };
    write_model(folder.path(), config, zeros, options);
    file_bytes = static_cast<double>(
        std::filesystem::file_size(folder / "model.safetensors"));
  }
};

}  // namespace

TEST_CASE("load_weights: takes the memory of the file, not of two copies") {
  for (const auto dtype : {torch::kBFloat16, torch::kFloat32}) {
    const BigModel model(dtype);
    REQUIRE(model.file_bytes > 70e6);
    forget_memory_peak();
    const int64_t before = memory_status("VmHWM");
    const auto weights = load_weights(model.folder.path(), model.config, dtype);
    CHECK(static_cast<double>(memory_status("VmHWM") - before) <
          1.1 * model.file_bytes);
    CHECK(weights.at("model.embed_tokens.weight")[7][3].item<float>() == 0.25f);
  }
}

TEST_CASE("map_weights: copies no matrix, whatever its type") {
  for (const auto dtype :
       {torch::kBFloat16, torch::kFloat16, torch::kFloat32}) {
    CAPTURE(dtype);
    const BigModel model(dtype);
    forget_memory_peak();
    const int64_t before = memory_status("RssAnon");
    const auto weights = map_weights(model.folder.path(), model.config);
    const auto& table = weights.at("model.embed_tokens.weight");
    CHECK(table.scalar_type() == dtype);
    // Touches every page.
    CHECK(table.select(1, 5).sum(torch::kFloat64).item<double>() ==
          Approx(0.25 * static_cast<double>(model.config.vocab_size)));
    CHECK(static_cast<double>(memory_status("RssAnon") - before) <
          0.2 * model.file_bytes);
  }
}

}  // namespace ume
