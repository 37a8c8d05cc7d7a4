#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "model/stored_weights.h"
#include "tests/model/parity_case.h"
#include "tests/support/scratch_folder.h"

// How much memory loading takes, as the kernel counts it.
namespace ume {
namespace {

// A line of /proc/self/status, in bytes.
double status_bytes(const std::string& field) {
  std::ifstream file("/proc/self/status");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with(field + ":")) {
      return std::stod(line.substr(field.size() + 1)) * 1024;
    }
  }
  return 0.0;
}

// Makes the peak (VmHWM) the present resident size.
void forget_peak() {
  std::ofstream("/proc/self/clear_refs") << "5";
}

// A model of about 80 MB, and the size of its file.
struct BigModel {
  ModelConfig config = load_model_config(parity_folder("model_a_qwen2vl_tied"));
  ScratchFolder folder;
  double file_bytes = 0.0;

  explicit BigModel(torch::ScalarType dtype) {
    config.vocab_size = dtype == torch::kBFloat16 ? 600'000 : 300'000;
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
    forget_peak();
    const double before = status_bytes("VmHWM");
    const auto weights = load_weights(model.folder.path(), model.config, dtype);
    CHECK(status_bytes("VmHWM") - before < 1.1 * model.file_bytes);
    CHECK(weights.at("model.embed_tokens.weight")[7][3].item<float>() == 0.25f);
  }
}

TEST_CASE("map_weights: copies no matrix") {
  const BigModel model(torch::kBFloat16);
  forget_peak();
  const double before = status_bytes("RssAnon");
  const auto weights = map_weights(model.folder.path(), model.config);
  const auto& table = weights.at("model.embed_tokens.weight");
  // Touches every page.
  CHECK(table.select(1, 5).sum(torch::kFloat64).item<double>() ==
        Approx(0.25 * 600'000));
  CHECK(status_bytes("RssAnon") - before < 0.2 * model.file_bytes);
}

}  // namespace ume
