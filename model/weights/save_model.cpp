#include <cstdio>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>

#include "common/error/error.h"
#include "common/files/files.h"
#include "common/tensorfile/safetensors_writer.h"
#include "model/weights/model_writer.h"

namespace ume {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kWriteElements = int64_t{4} << 20;
constexpr const char* kIndex = "model.safetensors.index.json";

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

// Nobody's tokenizer is as large.
constexpr uint64_t kMaxCompanionBytes = uint64_t{256} << 20;

void copy_companions(const fs::path& source,
                     const fs::path& folder,
                     const std::map<std::string, std::string>& instead) {
  std::error_code error;
  if (fs::equivalent(source, folder, error)) return;
  for (const char* name : kCompanions) {
    const std::string from = (source / name).string();
    if (instead.contains(name) || !path_exists(from)) continue;
    write_file_atomic((folder / name).string(),
                      read_file(from, kMaxCompanionBytes));
  }
}

void write_companions(const std::string& folder,
                      const WriteModelOptions& options) {
  for (const std::string& source : options.companions) {
    copy_companions(source, folder, options.files);
  }
  for (const auto& [name, content] : options.files) {
    write_file_atomic(folder + "/" + name, content);
  }
}

// Parameters of one file, in order of name.
struct Shard {
  std::vector<WeightSpec> specs;
  uint64_t bytes = 0;
};

std::vector<Shard> plan_shards(const ModelConfig& config,
                               uint64_t element_bytes,
                               uint64_t shard_bytes) {
  std::vector<Shard> shards(1);
  for (WeightSpec& spec : weight_specs(config)) {
    const uint64_t size =
        static_cast<uint64_t>(num_elements(spec)) * element_bytes;
    if (shards.back().bytes > 0 && shards.back().bytes + size > shard_bytes) {
      shards.emplace_back();
    }
    shards.back().bytes += size;
    shards.back().specs.push_back(std::move(spec));
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
  uint64_t total = 0;
  nlohmann::json map = nlohmann::json::object();
  for (size_t i = 0; i < shards.size(); ++i) {
    total += shards[i].bytes;
    for (const WeightSpec& spec : shards[i].specs) {
      map[spec.name] = shard_name(i, shards.size());
    }
  }
  nlohmann::json index;
  index["metadata"]["total_size"] = total;
  index["weight_map"] = std::move(map);
  write_file_atomic((folder / kIndex).string(), index.dump(2) + "\n");
}

bool is_weights_file(const std::string& name) {
  const bool is_part = name.starts_with("model-") &&
                       name.find("-of-") != name.npos &&
                       name.ends_with(".safetensors");
  return is_part || name == shard_name(0, 1) || name == kIndex;
}

// Some readers take model.safetensors, others an index, whatever else is there.
void remove_other_weights(const std::string& folder, size_t num_shards) {
  std::set<std::string> ours;
  for (size_t i = 0; i < num_shards; ++i) {
    ours.insert(shard_name(i, num_shards));
  }
  if (num_shards > 1) ours.insert(kIndex);
  std::vector<fs::path> others;
  std::error_code error;
  fs::directory_iterator entry(folder, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (is_weights_file(name) && !ours.contains(name)) {
      others.push_back(entry->path());
    }
  }
  for (size_t i = 0; !error && i < others.size(); ++i) {
    fs::remove(others[i], error);
  }
  if (error) {
    throw IoError(
        folder + ": cannot remove another model's weights: " + error.message());
  }
}

struct StoredType {
  torch::ScalarType type;
  DType dtype;
  const char* name;  // in config.json
};

constexpr StoredType kStoredTypes[] = {
    {torch::kBFloat16, DType::kBF16, "bfloat16"},
    {torch::kFloat16, DType::kF16, "float16"},
    {torch::kFloat32, DType::kF32, "float32"}};

// Throws InvalidInput for a type that no model is saved in.
const StoredType& stored_type(torch::ScalarType type) {
  for (const StoredType& stored : kStoredTypes) {
    if (stored.type == type) return stored;
  }
  throw InvalidInput("models are saved as bfloat16, float16 or float32");
}

// An fp16 ends at 65504.
void check_range(const std::string& path,
                 const TensorSpec& tensor,
                 const torch::Tensor& exact,
                 const torch::Tensor& converted) {
  if (torch::equal(torch::isfinite(exact), torch::isfinite(converted))) return;
  throw InvalidInput(path + ": tensor \"" + tensor.name +
                     "\" has values beyond what float16 holds (65504)");
}

// Writes one file, piece by piece; calls `wrote` with the bytes of each.
void write_shard(const std::string& path,
                 const Shard& shard,
                 const WeightReader& read,
                 torch::ScalarType dtype,
                 const std::function<void(uint64_t)>& wrote) {
  const DType stored = stored_type(dtype).dtype;
  std::map<std::string, const WeightSpec*> by_name;
  std::vector<TensorSpec> tensors;
  for (const WeightSpec& spec : shard.specs) {
    by_name[spec.name] = &spec;
    tensors.push_back({spec.name, stored, spec.shape});
  }
  SafetensorsWriter writer(path, std::move(tensors));
  std::vector<float> piece;
  for (const TensorSpec& tensor : writer.order()) {
    const WeightSpec& spec = *by_name.at(tensor.name);
    const int64_t total = num_elements(spec);
    for (int64_t first = 0; first < total; first += kWriteElements) {
      const int64_t count = std::min(kWriteElements, total - first);
      piece.resize(static_cast<size_t>(count));
      read(spec, first, piece);
      const auto exact =
          torch::from_blob(piece.data(), {count}, torch::kFloat32);
      const auto converted = exact.to(dtype);
      if (dtype == torch::kFloat16) check_range(path, tensor, exact, converted);
      writer.append({static_cast<const std::byte*>(converted.data_ptr()),
                     converted.nbytes()});
      wrote(converted.nbytes());
    }
  }
  writer.commit();
}

WeightReader tensor_reader(const NamedTensors& weights) {
  return
      [&weights](const WeightSpec& spec, int64_t first, std::span<float> out) {
        const auto count = static_cast<int64_t>(out.size());
        torch::from_blob(out.data(), {count}, torch::kFloat32)
            .copy_(weights.at(spec.name).detach().reshape(-1).narrow(0, first,
                                                                     count));
      };
}

}  // namespace

int64_t num_elements(const WeightSpec& spec) {
  int64_t count = 1;
  for (const int64_t size : spec.shape) count *= size;
  return count;
}

void write_model(const std::string& folder,
                 const ModelConfig& config,
                 const WeightReader& read,
                 const WriteModelOptions& options) {
  const StoredType& type = stored_type(options.dtype);
  make_directories(folder);
  // First: one that cannot be read is found before the weights are written.
  write_companions(folder, options);
  const auto shards = plan_shards(config, torch::elementSize(options.dtype),
                                  options.shard_bytes);
  uint64_t total = 0;
  uint64_t done = 0;
  for (const Shard& shard : shards) total += shard.bytes;
  for (size_t i = 0; i < shards.size(); ++i) {
    write_shard(folder + "/" + shard_name(i, shards.size()), shards[i], read,
                options.dtype, [&](uint64_t bytes) {
                  done += bytes;
                  if (options.progress) options.progress(done, total);
                });
  }
  remove_other_weights(folder, shards.size());
  if (shards.size() > 1) write_index(folder, shards);
  ModelConfig stored = config;
  stored.stored_dtype = type.name;
  write_file_atomic(folder + "/config.json", model_config_json(stored));
}

void save_model(const std::string& folder,
                const ModelConfig& config,
                const NamedTensors& weights,
                const SaveModelOptions& options) {
  check_weights(config, weights, folder);
  WriteModelOptions write;
  write.dtype = options.dtype;
  if (!options.companions.empty()) write.companions = {options.companions};
  write_model(folder, config, tensor_reader(weights), write);
}

}  // namespace ume
