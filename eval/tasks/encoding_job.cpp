#include "eval/tasks/encoding_job.h"

#include <sys/stat.h>

#include <algorithm>
#include <optional>
#include <vector>

#include "common/config/config.h"
#include "common/error/error.h"
#include "common/files/files.h"
#include "common/hash/xxh3.h"
#include "data/media/media_file.h"

namespace ume {
namespace {

namespace fs = std::filesystem;

// Weights and their index, configuration, tokenizer and templates.
bool is_model_file(const fs::directory_entry& entry) {
  if (!entry.is_regular_file()) return false;
  const std::string extension = entry.path().extension().string();
  return extension == ".safetensors" || extension == ".json" ||
         extension == ".txt" || extension == ".jinja";
}

// A file that is not there has a hash too: the encoder will name it.
void add_media(Xxh3Hasher& hasher,
               const fs::path& root,
               const std::vector<MediaRef>& media) {
  hasher.update_u64(media.size());
  for (const MediaRef& item : media) {
    struct stat status {};
    const fs::path file = root / parse_media_path(item.path).file;
    if (stat(file.c_str(), &status) != 0) status = {};
    hasher.update_field(item.path);
    hasher.update_u64(static_cast<uint64_t>(status.st_size));
    hasher.update_u64(static_cast<uint64_t>(status.st_mtim.tv_sec));
    hasher.update_u64(static_cast<uint64_t>(status.st_mtim.tv_nsec));
  }
}

std::optional<EncodingJob> read_job(const fs::path& folder) {
  const fs::path path = job_file(folder);
  if (!fs::exists(path)) return std::nullopt;
  try {
    return read_config<EncodingJob>(path.string());
  } catch (const ConfigError&) {
    return std::nullopt;  // of another version: as good as none
  }
}

}  // namespace

std::string hash_model(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (is_model_file(entry)) files.push_back(entry.path());
  }
  if (error) {
    throw IoError(folder.string() + ": cannot read: " + error.message());
  }
  std::sort(files.begin(), files.end());
  Xxh3Hasher hasher;
  for (const fs::path& file : files) {
    hasher.update_field(file.filename().string());
    hasher.update_field(xxh3_hex_of_file(file.string()));
  }
  return hasher.hex();
}

std::string hash_prompts(const EvaluationSet& set) {
  Xxh3Hasher hasher;
  for (size_t i = 0; i < set.prompts.size(); ++i) {
    const PromptRecord& prompt = set.prompts[i];
    hasher.update_field(prompt.text);
    add_media(hasher, set.media_root, prompt.images);
    add_media(hasher, set.media_root, prompt.frames);
    hasher.update_field(std::to_string(prompt.fps));
    hasher.update_u64(set.is_query[i]);
  }
  return hasher.hex();
}

fs::path job_file(const fs::path& folder) {
  return folder / "job.yaml";
}

bool is_job_of(const fs::path& folder, const EncodingJob& job) {
  std::optional<EncodingJob> known = read_job(folder);
  if (!known) return false;
  known->model = job.model;
  known->tasks = job.tasks;
  known->batch_tokens = job.batch_tokens;
  known->data.cache_bytes = job.data.cache_bytes;
  return dump_config(*known) == dump_config(job);
}

bool prepare_shard_folder(const fs::path& folder, const EncodingJob& job) {
  make_directories(folder.string());
  const bool same = is_job_of(folder, job);
  bool had_shards = false;
  std::vector<fs::path> old;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    if (!name.starts_with("shard-")) continue;
    const bool torn = name.find(".tmp-") != std::string::npos;
    if (same && !torn) continue;
    had_shards |= name.ends_with(".jsonl");
    old.push_back(entry.path());
  }
  for (const fs::path& path : old) fs::remove(path);
  write_file_atomic(job_file(folder).string(), dump_config(job));
  return had_shards;
}

}  // namespace ume
