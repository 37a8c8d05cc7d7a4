#include "learner/checkpoint/checkpoint.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <thread>

#include "common/collective/thread_collective.h"
#include "common/error/error.h"
#include "common/files/files.h"
#include "learner/checkpoint/weight_list.h"
#include "tests/learner/sft_cases.h"
#include "tests/support/scratch_folder.h"

namespace ume {
namespace {

SftConfig short_config() {
  SftConfig config =
      sft_case_config(sft_case().json["runs"]["single_rank_decay_noclip"]);
  config.steps = 4;
  config.optimizer.schedule = "cosine";
  return config;
}

// A model in training on the recorded batch.
class Session {
 public:
  explicit Session(const SftConfig& config, NamedTensors weights)
      : model_(sft_case().model,
               std::move(weights),
               {.vision = config.freeze_vision, .merger = config.freeze_merger},
               config.optimizer),
        one_(make_single_collective()),
        trainer_(model_, config, sft_case().tokens, *one_) {}
  explicit Session(const SftConfig& config)
      : Session(config, sft_case_weights()) {}

  void train(int64_t begin, int64_t end) {
    const std::vector<std::vector<SftPair>> batches{sft_case().pairs};
    for (int64_t s = begin; s < end; ++s) trainer_.step(batches, s);
  }
  CheckpointManifest save(const std::string& folder,
                          uint64_t step,
                          const SaveCheckpointOptions& options = {}) {
    return save_checkpoint(folder, model_,
                           {.phase = "sft",
                            .step = step,
                            .run_update = step,
                            .data_position = 4 * step},
                           options, *one_);
  }
  TrainedModel& model() { return model_; }
  std::string hash() { return hash_weights(model_.parameters().tensors()); }

 private:
  TrainedModel model_;
  std::unique_ptr<Collective> one_;
  SftTrainer trainer_;
};

void flip_byte(const std::string& path, int64_t from_end) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(-from_end, std::ios::end);
  const char c = static_cast<char>(file.get());
  file.seekp(-from_end, std::ios::end);
  file.put(static_cast<char>(c ^ 1));
}

// With the files that every checkpoint has.
CheckpointManifest whole_manifest() {
  CheckpointManifest manifest{
      .phase = "sft", .step = 7, .weight_hash = "0", .files = {}};
  for (const char* name : {"weights.safetensors", "optimizer.safetensors",
                           "config.json", "state.json"}) {
    manifest.files[name] = {.num_bytes = 1, .hash = "0"};
  }
  return manifest;
}

TEST_CASE(
    "checkpoint: 2 steps, save, load and 2 steps equal 4 steps, bit by "
    "bit") {
  const ScratchFolder scratch;
  const SftConfig config = short_config();
  Session straight(config);
  straight.train(0, 4);

  Session first(config);
  first.train(0, 2);
  const CheckpointManifest manifest =
      first.save(scratch / "sft/step_000002", 2);
  CHECK(manifest.weight_hash == first.hash());

  // Whatever the new process starts from, the checkpoint replaces.
  Session second(config, init_weights(sft_case().model, 5));
  const TrainingProgress progress =
      load_checkpoint(scratch / "sft/step_000002", second.model());
  CHECK(progress ==
        TrainingProgress{
            .phase = "sft", .step = 2, .run_update = 2, .data_position = 8});
  CHECK(second.hash() == first.hash());
  second.train(2, 4);
  CHECK(second.hash() == straight.hash());
}

TEST_CASE("checkpoint: any damaged byte and any missing file is found") {
  const ScratchFolder scratch;
  Session session(short_config());
  const std::string folder = scratch / "sft/step_000002";
  session.save(folder, 2);
  CHECK(read_file(scratch / "sft/latest") == "step_000002\n");
  const auto one = make_single_collective();
  CHECK_FALSE(find_damage(folder, *one));
  for (const std::string name : {"weights.safetensors", "optimizer.safetensors",
                                 "state.json", "config.json"}) {
    INFO(name);
    flip_byte(folder + "/" + name, 9);
    CHECK_THROWS_WITH(verify_checkpoint(folder), Catch::Contains(name));
    const auto damage = find_damage(folder, *one);
    REQUIRE(damage);
    CHECK_THAT(*damage, Catch::Contains(name));
    flip_byte(folder + "/" + name, 9);
  }
  std::filesystem::resize_file(folder + "/weights.safetensors", 1000);
  CHECK_THAT(*find_damage(folder, *one), Catch::Contains("1000 bytes"));
  std::filesystem::remove(folder + "/weights.safetensors");
  CHECK_THROWS_AS(verify_checkpoint(folder), InvalidInput);
  CHECK_THAT(*find_damage(folder, *one),
             Catch::Contains("weights.safetensors: missing"));
  std::filesystem::remove(folder + "/manifest.json");
  CHECK_THROWS_AS(verify_checkpoint(folder), InvalidInput);
  CHECK_THAT(*find_damage(folder, *one), Catch::Contains("manifest.json"));
  CHECK(find_damage(scratch / "nothing", *one));
  // A disk that is not mounted damages nothing.
  CHECK_THROWS_AS(find_damage(scratch / "unmounted/step_000002", *one),
                  IoError);
}

TEST_CASE("checkpoint: all ranks find the damage that one of them finds") {
  const ScratchFolder scratch;
  Session session(short_config());
  session.save(scratch / "good", 1);
  auto ranks = make_thread_collectives(2);
  std::vector<std::string> found(2);
  std::vector<std::thread> threads;
  for (int r = 0; r < 2; ++r) {
    threads.emplace_back([&, r] {
      const std::string folder = scratch / (r == 0 ? "good" : "bad");
      found[r] = find_damage(folder, *ranks[r]).value_or("none");
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(found[0] == "another rank cannot read it");
  CHECK_THAT(found[1], Catch::Contains("bad/manifest.json"));
}

TEST_CASE("checkpoint: one of another version is not taken for a damaged one") {
  const ScratchFolder scratch;
  Session session(short_config());
  const std::string folder = scratch / "sft/step_000001";
  session.save(folder, 1);
  const std::string manifest = read_file(folder + "/manifest.json");
  const std::string version = "\"version\": 1";
  const auto one = make_single_collective();
  // The second is 1 in 32 bits.
  for (const char* other : {"\"version\": 2", "\"version\": 4294967297"}) {
    std::string changed = manifest;
    changed.replace(changed.find(version), version.size(), other);
    write_file_atomic(folder + "/manifest.json", changed);
    CHECK_THROWS_AS(find_damage(folder, *one), ConfigError);
  }
}

TEST_CASE("checkpoint: writing again replaces, pruning keeps the newest") {
  const ScratchFolder scratch;
  Session session(short_config());
  const std::string parent = scratch / "sft";
  std::filesystem::create_directories(parent + "/step_000009.tmp-1");
  for (uint64_t step : {1, 2, 3, 3, 4}) {
    session.save(parent + "/" + step_name(step), step,
                 {.companions = "", .keep = 2});
  }
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(parent)) {
    names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  CHECK(names ==
        std::vector<std::string>{"latest", "step_000003", "step_000004"});
}

TEST_CASE(
    "checkpoint: a run that went back keeps what it went back to, whatever "
    "lies ahead") {
  const ScratchFolder scratch;
  Session session(short_config());
  const std::string parent = scratch / "sft";
  for (uint64_t step : {2, 4, 3}) {
    session.save(parent + "/" + step_name(step), step,
                 {.companions = "", .keep = 2});
  }
  CHECK(std::filesystem::exists(parent + "/step_000002"));
  CHECK(std::filesystem::exists(parent + "/step_000003"));
}

TEST_CASE("checkpoint: one that nobody recorded costs no recorded one") {
  const ScratchFolder scratch;
  Session session(short_config());
  const std::string parent = scratch / "sft";
  const SaveCheckpointOptions options{.companions = "", .keep = 2};
  session.save(parent + "/step_000010", 10, options);
  session.save(parent + "/step_000013", 13, options);  // not recorded
  SaveCheckpointOptions next = options;
  next.previous_step = 10;
  session.save(parent + "/step_000020", 20, next);
  CHECK(std::filesystem::exists(parent + "/step_000010"));
  next.previous_step = 20;
  session.save(parent + "/step_000030", 30, next);
  CHECK_FALSE(std::filesystem::exists(parent + "/step_000010"));
  CHECK_FALSE(std::filesystem::exists(parent + "/step_000013"));
}

TEST_CASE("checkpoint: the export is a model folder that loads again") {
  const ScratchFolder scratch;
  Session session(short_config());
  session.save(scratch / "sft/step_000004", 4,
               {.export_model = true,
                .export_dtype = torch::kFloat32,
                .companions = parity_path("model_b_qwen2vl_untied")});
  const std::string folder = scratch / "sft/step_000004/model";
  const ModelConfig config = load_model_config(folder);
  CHECK(hash_weights(load_weights(folder, config)) == session.hash());
  CHECK(std::filesystem::exists(folder + "/tokenizer.json"));
  CHECK_NOTHROW(verify_export(scratch / "sft/step_000004"));
  flip_byte(scratch / "sft/step_000004/weights.safetensors", 9);
  CHECK_NOTHROW(verify_export(scratch / "sft/step_000004"));
  flip_byte(folder + "/model.safetensors", 9);
  CHECK_THROWS_WITH(verify_export(scratch / "sft/step_000004"),
                    Catch::Contains("model/model.safetensors: damaged"));
}

TEST_CASE("checkpoint: another model is refused, naming the tensor") {
  const ScratchFolder scratch;
  Session session(short_config());
  session.save(scratch / "sft/step_000001", 1);
  const ModelConfig other =
      load_model_config(parity_path("model_a_qwen2vl_tied"));
  TrainedModel model(other, init_weights(other, 1), {}, {});
  CHECK_THROWS_AS(load_checkpoint(scratch / "sft/step_000001", model),
                  InvalidInput);
}

TEST_CASE("checkpoint: a folder that cannot be written fails on all ranks") {
  const ScratchFolder scratch;
  std::ofstream(scratch / "sft") << "a file where a folder should be";
  auto ranks = make_thread_collectives(2);
  std::vector<int> codes(2);
  std::vector<std::thread> threads;
  for (int r = 0; r < 2; ++r) {
    threads.emplace_back([&, r] {
      TrainedModel model(sft_case().model, sft_case_weights(), {}, {});
      try {
        save_checkpoint(scratch / "sft/step_000001", model, {}, {}, *ranks[r]);
      } catch (const IoError& error) {
        codes[r] = static_cast<int>(error.code());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(codes == std::vector<int>{74, 74});
}

TEST_CASE("checkpoint: ranks with different weights are refused") {
  const ScratchFolder scratch;
  auto ranks = make_thread_collectives(2);
  int refused = 0;
  std::mutex mutex;
  std::vector<std::thread> threads;
  for (int r = 0; r < 2; ++r) {
    threads.emplace_back([&, r] {
      TrainedModel model(sft_case().model, sft_case_weights(), {}, {});
      if (r == 1) model.parameters().values()[7] += 1e-3;
      try {
        save_checkpoint(scratch / "sft/step_000001", model, {}, {}, *ranks[r]);
      } catch (const InvalidInput&) {
        const std::lock_guard lock(mutex);
        ++refused;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(refused == 2);
  CHECK_FALSE(std::filesystem::exists(scratch / "sft/step_000001"));
}

TEST_CASE("checkpoint: a manifest cannot name files outside its folder") {
  const ScratchFolder scratch;
  for (const std::string name : {"../x", "/etc/passwd", "a/../../x", ""}) {
    CheckpointManifest manifest = whole_manifest();
    manifest.files[name] = {.num_bytes = 1, .hash = "0"};
    write_file_atomic(scratch / "manifest.json", manifest_json(manifest));
    CHECK_THROWS_AS(read_manifest(scratch.path()), InvalidInput);
  }
  CheckpointManifest good = whole_manifest();
  good.files["model/config.json"] = {.num_bytes = 1, .hash = "0"};
  write_file_atomic(scratch / "manifest.json", manifest_json(good));
  CHECK(read_manifest(scratch.path()) == good);
}

TEST_CASE("checkpoint: a manifest lists every file that training needs") {
  const ScratchFolder scratch;
  for (const auto& [name, file] : whole_manifest().files) {
    CheckpointManifest manifest = whole_manifest();
    manifest.files.erase(name);
    write_file_atomic(scratch / "manifest.json", manifest_json(manifest));
    CHECK_THROWS_WITH(verify_checkpoint(scratch.path()),
                      Catch::Contains("does not list " + name));
  }
}

TEST_CASE("weight_list: every tensor by hub name, with the manifest's hash") {
  const NamedTensors weights = sft_case_weights();
  const auto list = weight_list(weights);
  REQUIRE(list.size() == weights.size());
  CHECK(list[0].name == weights.begin()->first);
  CHECK(list[0].dtype == "F32");
  CHECK(list[0].bytes.size() == weights.begin()->second.nbytes());
  const auto channel = make_memory_weight_channel();
  CHECK(channel->publish({.update = 1, .incarnation = 1}, list).hash ==
        hash_weights(weights));
}

}  // namespace
}  // namespace ume
