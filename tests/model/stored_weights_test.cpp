#include "model/weights/stored_weights.h"

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>

#include "common/error/error.h"
#include "common/tensorfile/bounded_json.h"
#include "model/weights/weight_scan.h"
#include "tests/model/parity_case.h"
#include "tests/support/scratch_folder.h"

namespace ume {
namespace {

const std::string kTied = parity_folder("model_a_qwen2vl_tied");

// A file of model a with one tensor changed.
void write_changed(const std::string& folder,
                   const std::string& name,
                   float value) {
  const TensorFile file = TensorFile::open_folder(kTied);
  TensorViews views = file.tensors();
  std::vector<std::byte> bytes(views.at(name).bytes.begin(),
                               views.at(name).bytes.end());
  std::memcpy(bytes.data() + 8, &value, sizeof(value));
  views.at(name).bytes = bytes;
  write_safetensors(folder + "/model.safetensors", views);
}

}  // namespace

TEST_CASE("StoredWeights: names both layouts alike and says which it was") {
  const ModelConfig config = load_model_config(kTied);
  const auto classic = StoredWeights::open(kTied, config);
  const auto nested = StoredWeights::open(
      parity_folder("model_a_qwen2vl_tied_transformers5_layout"), config);
  CHECK_FALSE(classic.nested_names());
  CHECK(nested.nested_names());
  CHECK(classic.problems().empty());
  CHECK(nested.problems().empty());
  CHECK_FALSE(classic.is_checkpoint());
  CHECK_FALSE(classic.repeats_head());
  for (const auto& [name, view] : classic.tensors()) {
    CHECK(nested.tensors().contains(name));
  }
}

TEST_CASE("StoredWeights: a config with a layer more misses its tensors") {
  ModelConfig config = load_model_config(kTied);
  config.num_layers += 1;
  const auto stored = StoredWeights::open(kTied, config);
  CHECK(stored.problems().missing.size() == 12);
  CHECK(stored.problems().unexpected.empty());
  CHECK_THROWS_AS(stored.check(), InvalidInput);
}

TEST_CASE("write_model: shards of any size hold the same weights") {
  for (const char* name : {"model_b_qwen2vl_untied", "model_c_qwen25vl"}) {
    CAPTURE(name);
    const ScratchFolder folder;
    const std::string source = parity_folder(name);
    const ModelConfig config = load_model_config(source);
    const auto stored = StoredWeights::open(source, config);
    WriteModelOptions options;
    options.dtype = torch::kFloat32;
    options.companions = {source};
    options.shard_bytes = 200'000;
    uint64_t done = 0;
    uint64_t total = 0;
    options.progress = [&](uint64_t now, uint64_t all) {
      CHECK(now > done);
      done = now;
      total = all;
    };
    write_model(folder.path(), config, stored.reader(), options);
    CHECK(done == total);
    CHECK(equal(load_weights(folder.path(), config),
                load_weights(source, config)));
    const auto index =
        read_json_file(folder.path() + "/model.safetensors.index.json");
    CHECK(index["metadata"]["total_size"] == total);
    size_t files = 0;
    for (const auto& entry :
         std::filesystem::directory_iterator(folder.path())) {
      if (entry.path().extension() != ".safetensors") continue;
      ++files;
      // One tensor may be larger than a shard; with two the limit holds.
      const TensorFile shard = TensorFile::open(entry.path().string());
      if (shard.tensors().size() > 1) {
        CHECK(std::filesystem::file_size(entry.path()) < 220'000);
      }
    }
    CHECK(files > 3);
  }
}

TEST_CASE("write_model: removes what another model left in the folder") {
  const ModelConfig config = load_model_config(kTied);
  const auto stored = StoredWeights::open(kTied, config);
  const ScratchFolder folder;
  const auto names = [&] {
    std::set<std::string> found;
    for (const auto& entry :
         std::filesystem::directory_iterator(folder.path())) {
      found.insert(entry.path().filename().string());
    }
    return found;
  };
  for (const char* name :
       {"model.safetensors", "model-00001-of-00099.safetensors"}) {
    folder.write(name, "of another model");
  }
  folder.write("model-card.md", "of no model");
  WriteModelOptions options;
  options.dtype = torch::kFloat32;
  options.shard_bytes = 200'000;
  write_model(folder.path(), config, stored.reader(), options);
  CHECK_FALSE(names().contains("model.safetensors"));
  CHECK_FALSE(names().contains("model-00001-of-00099.safetensors"));
  CHECK(
      equal(load_weights(folder.path(), config), load_weights(kTied, config)));
  options.shard_bytes = 5'000'000'000;
  write_model(folder.path(), config, stored.reader(), options);
  CHECK(names() == std::set<std::string>{"config.json", "model-card.md",
                                         "model.safetensors"});
}

TEST_CASE("write_model: is a model only when every file is written") {
  const ModelConfig config = load_model_config(kTied);
  const ScratchFolder folder;
  const ScratchFolder source;
  const std::string marker = folder / "config.json";
  WriteModelOptions options;
  options.companions = {source.path()};
  // Opens, and fails when it is read.
  std::filesystem::create_symlink("/proc/self/mem",
                                  source / "tokenizer_config.json");
  CHECK_THROWS_WITH(
      write_model(folder.path(), config, init_reader(config, 5), options),
      Catch::Contains("tokenizer_config.json: cannot read"));
  CHECK_FALSE(std::filesystem::exists(marker));
  options.files = {{"missing/tokenizer.json", "new"}};
  options.companions = {};
  CHECK_THROWS_AS(
      write_model(folder.path(), config, init_reader(config, 5), options),
      IoError);
  CHECK_FALSE(std::filesystem::exists(marker));
  // What is given in a companion's place is not looked at.
  options.files = {{"tokenizer_config.json", "new"}};
  options.companions = {source.path()};
  write_model(folder.path(), config, init_reader(config, 5), options);
  CHECK(std::filesystem::exists(marker));
  CHECK(std::filesystem::file_size(folder / "tokenizer_config.json") == 3);
}

TEST_CASE("StoredWeights: says what a damaged checkpoint lacks") {
  const ModelConfig config = load_model_config(kTied);
  const ScratchFolder folder;
  CHECK_FALSE(is_training_checkpoint(folder.path()));
  folder.write("state.json", "{}");
  CHECK(is_training_checkpoint(folder.path()));
  CHECK_THROWS_WITH(StoredWeights::open(folder.path(), config),
                    Catch::Contains("manifest.json: missing"));
  folder.write("manifest.json", "{}");
  CHECK_THROWS_WITH(StoredWeights::open(folder.path(), config),
                    Catch::Contains("weights.safetensors: missing"));
  CHECK_THROWS_AS(StoredWeights::open(folder.path(), config), InvalidInput);
}

TEST_CASE("write_model: fp16 is kept, and what it cannot hold is refused") {
  const ModelConfig config = load_model_config(kTied);
  const ScratchFolder folder;
  WriteModelOptions options;
  options.dtype = torch::kFloat16;
  write_model(folder.path(), config, init_reader(config, 5), options);
  CHECK(load_model_config(folder.path()).stored_dtype == "float16");
  const auto found = map_weights(folder.path(), config);
  for (const auto& [name, weight] : init_weights(config, 5)) {
    INFO(name);
    CHECK(torch::equal(found.at(name).to(torch::kFloat32),
                       weight.to(torch::kFloat16).to(torch::kFloat32)));
  }
  const WeightReader large = [](const WeightSpec&, int64_t,
                                std::span<float> out) {
    std::fill(out.begin(), out.end(), 1e5f);
  };
  CHECK_THROWS_WITH(write_model(folder.path(), config, large, options),
                    Catch::Contains("beyond what float16 holds"));
}

TEST_CASE("write_model: random weights piece by piece are init_weights'") {
  const ModelConfig config = load_model_config(kTied);
  const ScratchFolder folder;
  WriteModelOptions options;
  options.dtype = torch::kFloat32;
  write_model(folder.path(), config, init_reader(config, 5), options);
  CHECK(equal(load_weights(folder.path(), config), init_weights(config, 5)));
}

TEST_CASE("with_copied_rows: replaces rows wherever a piece begins and ends") {
  const WeightSpec spec{"model.embed_tokens.weight", {6, 4}};
  const WeightReader plain = [](const WeightSpec&, int64_t first,
                                std::span<float> out) {
    for (size_t i = 0; i < out.size(); ++i) {
      out[i] = static_cast<float>(first + static_cast<int64_t>(i));
    }
  };
  // Row 4 becomes row 1, row 5 becomes row 0.
  const WeightReader read = with_copied_rows(plain, {{4, 1}, {5, 0}});
  const auto value = [](int64_t i) {
    const int64_t row = i / 4 == 4 ? 1 : i / 4 == 5 ? 0 : i / 4;
    return static_cast<float>(row * 4 + i % 4);
  };
  for (int64_t first = 0; first < 24; ++first) {
    for (int64_t end = first + 1; end <= 24; ++end) {
      std::vector<float> out(static_cast<size_t>(end - first));
      read(spec, first, out);
      for (int64_t i = first; i < end; ++i) {
        REQUIRE(out[static_cast<size_t>(i - first)] == value(i));
      }
    }
  }
  std::vector<float> other(24);
  read({"lm_head.weight", {6, 4}}, 0, other);
  CHECK(other[16] == 16.0f);  // only the input embedding
}

TEST_CASE("find_non_finite: counts NaN and infinities and names the tensor") {
  const ModelConfig config = load_model_config(kTied);
  CHECK(find_non_finite(StoredWeights::open(kTied, config)).empty());
  const std::string name = "visual.blocks.1.mlp.fc2.weight";
  for (const float value : {std::numeric_limits<float>::quiet_NaN(),
                            -std::numeric_limits<float>::infinity()}) {
    const ScratchFolder folder;
    write_changed(folder.path(), name, value);
    const auto found =
        find_non_finite(StoredWeights::open(folder.path(), config));
    REQUIRE(found.size() == 1);
    CHECK(found[0].name == name);
    CHECK(found[0].num_nan == (std::isnan(value) ? 1 : 0));
    CHECK(found[0].num_infinite == (std::isinf(value) ? 1 : 0));
  }
}

}  // namespace ume
