#include "eval/tasks/encoded_prompts.h"

#include <cstring>
#include <nlohmann/json.hpp>
#include <sstream>

#include "common/error/error.h"
#include "common/files/files.h"
#include "common/tensorfile/safetensors.h"

namespace ume {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

constexpr uint64_t kMaxTextBytes = uint64_t{4} << 30;

fs::path shard_path(const fs::path& folder,
                    ShardId shard,
                    const char* extension) {
  return folder / ("shard-" + std::to_string(shard.index) + "-of-" +
                   std::to_string(shard.count) + extension);
}

// Embeddings of equal dimension stacked; an empty one is a row of zeros.
struct Stack {
  std::vector<float> values;
  int64_t rows = 0;

  void add(const std::vector<float>& row, size_t dim) {
    values.insert(values.end(), row.begin(), row.end());
    values.resize(values.size() + dim - row.size(), 0.0f);
    ++rows;
  }
  TensorView view(int64_t dim) const {
    return {DType::kF32, {rows, dim}, std::as_bytes(std::span(values))};
  }
};

size_t dimension_of(const std::vector<EncodedPrompt>& prompts) {
  size_t dim = 1;
  for (const EncodedPrompt& p : prompts) {
    dim = std::max({dim, p.disc.size(), p.gen.size()});
  }
  return dim;
}

std::vector<float> row_of(const TensorView& table, int64_t row) {
  if (table.dtype != DType::kF32 || table.shape.size() != 2 ||
      row >= table.shape[0]) {
    throw InvalidInput("an evaluation shard has fewer rows than its list");
  }
  const auto dim = static_cast<size_t>(table.shape[1]);
  std::vector<float> values(dim);
  std::memcpy(values.data(),
              table.bytes.data() + static_cast<size_t>(row) * dim * 4, dim * 4);
  return values;
}

}  // namespace

void write_shard(const fs::path& folder,
                 ShardId shard,
                 const std::vector<EncodedPrompt>& prompts) {
  const size_t dim = dimension_of(prompts);
  Stack disc;
  Stack gen;
  Stack samples;
  std::string lines;
  for (const EncodedPrompt& p : prompts) {
    disc.add(p.disc, dim);
    gen.add(p.gen, dim);
    for (const auto& sample : p.samples) samples.add(sample, dim);
    const Json line = {{"has_disc", !p.disc.empty()},
                       {"has_gen", !p.gen.empty()},
                       {"gen_in_completion", p.gen_in_completion},
                       {"completion", p.completion},
                       {"completion_tokens", p.completion_tokens},
                       {"samples", p.sample_texts}};
    lines += line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
  }
  make_directories(folder.string());
  const auto width = static_cast<int64_t>(dim);
  write_safetensors(shard_path(folder, shard, ".safetensors").string(),
                    {{"disc", disc.view(width)},
                     {"gen", gen.view(width)},
                     {"samples", samples.view(width)}});
  write_file_atomic(shard_path(folder, shard, ".jsonl").string(), lines);
}

bool shard_exists(const fs::path& folder, ShardId shard) {
  return fs::exists(shard_path(folder, shard, ".safetensors")) &&
         fs::exists(shard_path(folder, shard, ".jsonl"));
}

std::vector<EncodedPrompt> read_shards(const fs::path& folder,
                                       int64_t count,
                                       size_t num_prompts) {
  std::vector<EncodedPrompt> prompts(num_prompts);
  for (int64_t index = 0; index < count; ++index) {
    const ShardId shard{index, count};
    const std::string list = shard_path(folder, shard, ".jsonl").string();
    const TensorFile file =
        TensorFile::open(shard_path(folder, shard, ".safetensors").string());
    std::istringstream lines(read_file(list, kMaxTextBytes));
    int64_t row = 0;
    int64_t sample_row = 0;
    std::string line;
    for (size_t i = static_cast<size_t>(index); i < num_prompts;
         i += static_cast<size_t>(count), ++row) {
      const Json json = std::getline(lines, line)
                            ? Json::parse(line, nullptr, false)
                            : Json();
      if (!json.is_object()) {
        throw InvalidInput(list + ":" + std::to_string(row + 1) +
                           ": expected one JSON object a prompt");
      }
      EncodedPrompt& p = prompts[i];
      if (json.value("has_disc", false)) p.disc = row_of(file.at("disc"), row);
      if (json.value("has_gen", false)) p.gen = row_of(file.at("gen"), row);
      p.gen_in_completion = json.value("gen_in_completion", false);
      p.completion = json.value("completion", "");
      p.completion_tokens = json.value("completion_tokens", int64_t{0});
      p.sample_texts = json.value("samples", std::vector<std::string>());
      for (size_t s = 0; s < p.sample_texts.size(); ++s) {
        p.samples.push_back(row_of(file.at("samples"), sample_row++));
      }
    }
  }
  return prompts;
}

}  // namespace ume
