#include "eval/tasks/encoding_job.h"

#include <catch2/catch.hpp>
#include <chrono>
#include <filesystem>
#include <functional>

#include "common/error/error.h"
#include "eval/tasks/encoded_prompts.h"
#include "tests/support/scratch_folder.h"

namespace ume {
namespace {

namespace fs = std::filesystem;

EncodingJob sample_job() {
  EncodingJob job;
  job.model = "models/a";
  job.model_hash = "0123";
  job.tasks = "tasks.json";
  job.prompts_hash = "4567";
  job.split = "test";
  job.samples = 2;
  job.max_new_tokens = 24;
  job.seed = 7;
  return job;
}

void put_shard(const fs::path& folder) {
  EncodedPrompt prompt;
  prompt.disc = {1.0f};
  write_shard(folder, {0, 1}, {prompt});
}

TEST_CASE("shards of the same job stay") {
  const ScratchFolder folder;
  CHECK_FALSE(prepare_shard_folder(folder.path(), sample_job()));
  put_shard(folder.path());
  CHECK(is_job_of(folder.path(), sample_job()));
  CHECK_FALSE(prepare_shard_folder(folder.path(), sample_job()));
  CHECK(shard_exists(folder.path(), {0, 1}));
}

TEST_CASE("shards of a job with other results are removed") {
  const std::vector<std::function<void(EncodingJob&)>> changes = {
      [](EncodingJob& job) { job.model_hash = "0124"; },
      [](EncodingJob& job) { job.prompts_hash = "4568"; },
      [](EncodingJob& job) { job.split = "dev"; },
      [](EncodingJob& job) { job.samples = 3; },
      [](EncodingJob& job) { job.temperature = 1e-7; },
      [](EncodingJob& job) { job.max_new_tokens = 25; },
      [](EncodingJob& job) { job.seed = 8; },
      [](EncodingJob& job) { job.data.prompt_template = "minimal"; },
      [](EncodingJob& job) { job.data.image_max_pixels = 784; },
      [](EncodingJob& job) { job.data.media_child.document_dpi = 72; }};
  for (size_t i = 0; i < changes.size(); ++i) {
    INFO(i);
    const ScratchFolder folder;
    prepare_shard_folder(folder.path(), sample_job());
    put_shard(folder.path());
    EncodingJob other = sample_job();
    changes[i](other);
    CHECK_FALSE(is_job_of(folder.path(), other));
    CHECK(prepare_shard_folder(folder.path(), other));
    CHECK_FALSE(shard_exists(folder.path(), {0, 1}));
    CHECK(is_job_of(folder.path(), other));
  }
}

TEST_CASE("places and batch sizes do not make another job") {
  const ScratchFolder folder;
  prepare_shard_folder(folder.path(), sample_job());
  put_shard(folder.path());
  EncodingJob moved = sample_job();
  moved.model = "elsewhere/a";
  moved.tasks = "elsewhere/tasks.json";
  moved.batch_tokens = 99;
  moved.data.cache_bytes = 0;
  CHECK_FALSE(prepare_shard_folder(folder.path(), moved));
  CHECK(shard_exists(folder.path(), {0, 1}));
}

TEST_CASE("shards without an order, or with one that cannot be read, go") {
  const ScratchFolder folder;
  put_shard(folder.path());
  CHECK(prepare_shard_folder(folder.path(), sample_job()));
  put_shard(folder.path());
  folder.write("job.yaml", "of: another version\n");
  CHECK(prepare_shard_folder(folder.path(), sample_job()));
  CHECK_FALSE(shard_exists(folder.path(), {0, 1}));
}

TEST_CASE("what a writer that was ended left behind goes, whole shards stay") {
  const ScratchFolder folder;
  prepare_shard_folder(folder.path(), sample_job());
  put_shard(folder.path());
  const fs::path torn = folder.write("shard-1-of-2.jsonl.tmp-9-0", "{");
  CHECK_FALSE(prepare_shard_folder(folder.path(), sample_job()));
  CHECK_FALSE(fs::exists(torn));
  CHECK(shard_exists(folder.path(), {0, 1}));
}

TEST_CASE("a model's hash names its content, not its place") {
  const ScratchFolder folder;
  for (const char* name : {"a/", "b/"}) {
    folder.write(name + std::string("config.json"), "{}");
    folder.write(name + std::string("model.safetensors"), "weights");
    folder.write(name + std::string("README.md"), name);
  }
  const std::string hash = hash_model(folder / "a");
  CHECK(hash_model(folder / "b") == hash);
  folder.write("b/model.safetensors", "weightz");
  CHECK(hash_model(folder / "b") != hash);
  CHECK_THROWS_AS(hash_model(folder / "none"), IoError);
}

TEST_CASE("the prompts' hash knows texts, order and changed pictures") {
  const ScratchFolder folder;
  const fs::path picture = folder.write("p.png", "pixels");
  EvaluationSet set;
  set.media_root = folder.path();
  set.prompts = {{"a", {{".", "p.png", ""}}, {}, 2.0}, {"b", {}, {}, 2.0}};
  set.is_query = {1, 0};
  const std::string hash = hash_prompts(set);
  EvaluationSet other = set;
  other.prompts[1].text = "c";
  CHECK(hash_prompts(other) != hash);
  other = set;
  other.is_query = {1, 1};
  CHECK(hash_prompts(other) != hash);
  fs::last_write_time(picture,
                      fs::last_write_time(picture) - std::chrono::hours(1));
  CHECK(hash_prompts(set) != hash);
}

}  // namespace
}  // namespace ume
