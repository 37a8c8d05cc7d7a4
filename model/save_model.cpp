#include <cstdio>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "common/error/error.h"
#include "common/tensorfile/atomic_file.h"
#include "common/tensorfile/safetensors.h"
#include "model/weights.h"

namespace ume {
namespace {

namespace fs = std::filesystem;

constexpr size_t kShardBytes = 5'000'000'000;  // as on the hub

// Everything but the weights that the reference libraries look for.
constexpr const char* kCompanions[] = {"tokenizer.json",
                                       "tokenizer_config.json",
                                       "vocab.json",
                                       "merges.txt",
                                       "added_tokens.json",
                                       "special_tokens_map.json",
                                       "preprocessor_config.json",
                                       "processor_config.json",
                                       "video_preprocessor_config.json",
                                       "generation_config.json",
                                       "chat_template.json",
                                       "chat_template.jinja"};

void copy_companions(const fs::path& source, const fs::path& folder) {
  for (const char* name : kCompanions) {
    const fs::path from = source / name;
    std::error_code error;
    if (!fs::is_regular_file(from, error)) continue;
    if (fs::equivalent(source, folder, error)) return;
    std::ifstream in(from, std::ios::binary);
    std::ostringstream text;
    text << in.rdbuf();
    if (!in) throw IoError(from.string() + ": reading failed");
    write_file_atomically((folder / name).string(), text.str());
  }
}

// Tensors of one file, with what keeps their bytes alive.
struct Shard {
  std::vector<torch::Tensor> owners;
  TensorViews views;
  size_t bytes = 0;
};

std::vector<Shard> form_shards(const NamedTensors& weights,
                               torch::ScalarType dtype) {
  const DType stored = dtype == torch::kBFloat16 ? DType::kBF16 : DType::kF32;
  std::vector<Shard> shards(1);
  for (const auto& [name, weight] : weights) {
    const auto tensor = weight.detach().to(torch::kCPU, dtype).contiguous();
    const auto size = static_cast<size_t>(tensor.nbytes());
    if (shards.back().bytes > 0 && shards.back().bytes + size > kShardBytes) {
      shards.emplace_back();
    }
    Shard& shard = shards.back();
    shard.owners.push_back(tensor);
    shard.bytes += size;
    shard.views[name] = {
        stored,
        tensor.sizes().vec(),
        {static_cast<const std::byte*>(tensor.data_ptr()), size}};
  }
  return shards;
}

std::string shard_name(size_t index, size_t count) {
  if (count == 1) return "model.safetensors";
  char name[64];
  std::snprintf(name, sizeof(name), "model-%05zu-of-%05zu.safetensors",
                index + 1, count);
  return name;
}

void write_index(const fs::path& folder, const std::vector<Shard>& shards) {
  const fs::path path = folder / "model.safetensors.index.json";
  if (shards.size() == 1) {
    fs::remove(path);  // of an earlier model in the same place
    return;
  }
  size_t total = 0;
  nlohmann::json map = nlohmann::json::object();
  for (size_t i = 0; i < shards.size(); ++i) {
    total += shards[i].bytes;
    for (const auto& [name, view] : shards[i].views) {
      map[name] = shard_name(i, shards.size());
    }
  }
  nlohmann::json index;
  index["metadata"]["total_size"] = total;
  index["weight_map"] = std::move(map);
  write_file_atomically(path.string(), index.dump(2) + "\n");
}

}  // namespace

void save_model(const std::string& folder,
                const ModelConfig& config,
                const NamedTensors& weights,
                const SaveModelOptions& options) {
  if (options.dtype != torch::kBFloat16 && options.dtype != torch::kFloat32) {
    throw InvalidInput(folder + ": models are saved as bf16 or fp32");
  }
  check_weights(config, weights, folder);
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    throw IoError(folder + ": cannot be created: " + error.message());
  }
  const auto shards = form_shards(weights, options.dtype);
  for (size_t i = 0; i < shards.size(); ++i) {
    write_safetensors(folder + "/" + shard_name(i, shards.size()),
                      shards[i].views);
  }
  write_index(folder, shards);
  if (!options.companions.empty()) {
    copy_companions(options.companions, folder);
  }
  ModelConfig stored = config;
  stored.stored_dtype =
      options.dtype == torch::kBFloat16 ? "bfloat16" : "float32";
  write_file_atomically(folder + "/config.json", model_config_json(stored));
}

}  // namespace ume
