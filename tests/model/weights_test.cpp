#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>

#include "common/error/error.h"
#include "common/tensorfile/safetensors.h"
#include "model/weights/model_writer.h"
#include "model/weights/weights.h"
#include "tests/model/parity_case.h"

namespace ume {
namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  explicit Folder(const std::string& name)
      : path_(fs::temp_directory_path() / (name + std::to_string(::getpid()))) {
    fs::create_directories(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  std::string text() const { return path_.string(); }
  std::string operator/(const std::string& name) const {
    return (path_ / name).string();
  }

 private:
  fs::path path_;
};

std::string bytes_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string refusal(const ModelConfig& config, const NamedTensors& weights) {
  try {
    check_weights(config, weights, "here");
  } catch (const InvalidInput& error) {
    return error.what();
  }
  return "accepted";
}

}  // namespace

TEST_CASE("save_model: what was saved in fp32 is read back bit for bit") {
  for (const char* model :
       {"model_a_qwen2vl_tied", "model_b_qwen2vl_untied", "model_c_qwen25vl"}) {
    CAPTURE(model);
    const Folder folder("ume_save_");
    const std::string source = parity_folder(model);
    const ModelConfig config = load_model_config(source);
    const NamedTensors weights = load_weights(source, config);
    save_model(folder.text(), config, weights,
               {.dtype = torch::kFloat32, .companions = source});
    CHECK(equal(load_weights(folder.text(), config), weights));
    CHECK(model_config_json(load_model_config(folder.text())) ==
          model_config_json(config));
    for (const char* name :
         {"tokenizer.json", "tokenizer_config.json", "preprocessor_config.json",
          "generation_config.json"}) {
      CHECK(bytes_of(folder / name) == bytes_of(source + "/" + name));
    }
  }
}

TEST_CASE("save_model: a bf16 model survives bit for bit, twice the same") {
  const Folder folder("ume_save_bf16_");
  const std::string source = parity_folder("model_d_qwen2vl_fullvocab_bf16");
  const ModelConfig config = load_model_config(source);
  const NamedTensors weights = load_weights(source, config);
  save_model(folder / "one", config, weights);
  save_model(folder / "two", config, weights);
  CHECK(equal(load_weights(folder / "one", config), weights));
  CHECK(bytes_of(folder / "one/model.safetensors") ==
        bytes_of(folder / "two/model.safetensors"));
  const TensorFile stored = TensorFile::open(source + "/model.safetensors");
  const TensorFile written = TensorFile::open(folder / "one/model.safetensors");
  REQUIRE(stored.tensors().size() == written.tensors().size());
  for (const auto& [name, view] : stored.tensors()) {
    INFO(name);
    CHECK(written.at(name).dtype == view.dtype);
    CHECK(written.at(name).shape == view.shape);
    CHECK(std::equal(view.bytes.begin(), view.bytes.end(),
                     written.at(name).bytes.begin()));
  }
}

TEST_CASE("save_model: fp32 weights stored as bf16 are the nearest bf16") {
  const Folder folder("ume_save_round_");
  const std::string source = parity_folder("model_a_qwen2vl_tied");
  const ModelConfig config = load_model_config(source);
  const NamedTensors weights = load_weights(source, config);
  save_model(folder.text(), config, weights);
  const NamedTensors read = load_weights(folder.text(), config);
  for (const auto& [name, tensor] : weights) {
    INFO(name);
    CHECK(torch::equal(read.at(name),
                       tensor.to(torch::kBFloat16).to(torch::kFloat32)));
  }
  CHECK(load_model_config(folder.text()).stored_dtype == "bfloat16");
}

TEST_CASE("check_weights: names what is missing, unexpected and mis-shaped") {
  const std::string source = parity_folder("model_a_qwen2vl_tied");
  const ModelConfig config = load_model_config(source);
  NamedTensors weights = load_weights(source, config);
  CHECK(refusal(config, weights) == "accepted");
  weights.erase("model.norm.weight");
  weights["model.layers.7.extra"] = torch::zeros({1});
  weights["visual.blocks.0.norm1.bias"] = torch::zeros({33});
  const std::string text = refusal(config, weights);
  CHECK(text.find("missing: model.norm.weight") != std::string::npos);
  CHECK(text.find("unexpected: model.layers.7.extra") != std::string::npos);
  CHECK(text.find("visual.blocks.0.norm1.bias is [33], expected [32]") !=
        std::string::npos);
}

TEST_CASE("load_weights: an integer tensor is refused by name") {
  const Folder folder("ume_int_");
  const std::string source = parity_folder("model_a_qwen2vl_tied");
  const ModelConfig config = load_model_config(source);
  const TensorFile file = TensorFile::open_folder(source);
  TensorViews views = file.tensors();
  views.at("model.norm.weight").dtype = DType::kI32;
  write_safetensors(folder / "model.safetensors", views);
  CHECK_THROWS_WITH(load_weights(folder.text(), config),
                    Catch::Contains("\"model.norm.weight\" is stored as I32"));
}

TEST_CASE("load_weights: a tied model may store its head too, if it is equal") {
  const Folder folder("ume_head_");
  const std::string source = parity_folder("model_a_qwen2vl_tied");
  const ModelConfig config = load_model_config(source);
  const TensorFile file = TensorFile::open_folder(source);
  TensorViews views = file.tensors();
  views["lm_head.weight"] = views.at("model.embed_tokens.weight");
  write_safetensors(folder / "model.safetensors", views);
  CHECK(load_weights(folder.text(), config).size() == 69);
  std::vector<std::byte> other(views.at("lm_head.weight").bytes.size());
  views["lm_head.weight"].bytes = other;
  write_safetensors(folder / "model.safetensors", views);
  CHECK_THROWS_WITH(load_weights(folder.text(), config),
                    Catch::Contains("unexpected: lm_head.weight"));
}

TEST_CASE("init_weights: a function of config and seed with the right spread") {
  const ModelConfig config =
      load_model_config(parity_folder("model_b_qwen2vl_untied"));
  const NamedTensors weights = init_weights(config, 7);
  CHECK(equal(weights, init_weights(config, 7)));
  CHECK_FALSE(equal(weights, init_weights(config, 8)));
  CHECK(refusal(config, weights) == "accepted");
  const auto& table = weights.at("lm_head.weight");
  // 122,880 draws: the mean's standard error is 5.7e-5, the deviation's 4e-5.
  CHECK(table.mean().item<double>() == Approx(0.0).margin(3e-4));
  CHECK(table.std().item<double>() == Approx(0.02).margin(2e-4));
  CHECK_FALSE(torch::equal(table, weights.at("model.embed_tokens.weight")));
  CHECK(weights.at("visual.merger.ln_q.weight").eq(1.0).all().item<bool>());
  CHECK(weights.at("visual.merger.ln_q.bias").eq(0.0).all().item<bool>());
  CHECK(weights.at("model.layers.1.self_attn.q_proj.bias")
            .eq(0.0)
            .all()
            .item<bool>());
}

TEST_CASE("weight_specs: the published shapes have their published sizes") {
  // Hidden size h, key-value width k, feed-forward width m, L layers, V tokens;
  // vision: width e, feed-forward width f (2: 4 e), D blocks.
  //   language = V h (twice when untied) + h
  //              + L (2 h h + 2 h k + 3 h m + 3 h + 2 k)
  //   merger   = (4 e)^2 + 4 e + 4 e h + h
  //   vision 2   = 1176 e + D (4 e e + 2 e f + 9 e + f) + 2 e + merger
  //   vision 2.5 = 1176 e + D (4 e e + 3 e f + 7 e + 2 f) + e + merger
  const std::map<std::string, int64_t> expected = {
      {"qwen2_vl_2b", 2'208'985'600},
      {"qwen2_vl_7b", 8'291'375'616},
      {"qwen2_5_vl_3b", 3'754'622'976},
      {"qwen2_5_vl_7b", 8'292'166'656}};
  for (const auto& [name, parameters] : expected) {
    CAPTURE(name);
    int64_t total = 0;
    for (const WeightSpec& spec :
         weight_specs(load_model_config("configs/models/" + name))) {
      total += num_elements(spec);
    }
    CHECK(total == parameters);
  }
}

}  // namespace ume
