#include "common/weights/weight_channel.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "common/error/error.h"
#include "common/files/files.h"
#include "tests/support/scratch_folder.h"

using namespace ume;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

// Two tensors, one of odd size, whose values depend on `seed`.
struct Weights {
  std::vector<float> matrix;
  std::vector<uint16_t> vector;
  explicit Weights(int seed) : matrix(6), vector(3) {
    for (size_t i = 0; i < matrix.size(); ++i) {
      matrix[i] = static_cast<float>(seed) + 0.25f * static_cast<float>(i);
    }
    vector = {1, 2, static_cast<uint16_t>(seed)};
  }
  std::vector<WeightTensor> tensors() const {
    return {{"model.a", "F32", {2, 3}, std::as_bytes(std::span(matrix))},
            {"model.b", "BF16", {3}, std::as_bytes(std::span(vector))},
            {"model.empty", "F32", {0, 4}, {}}};
  }
};

void check_equal(const WeightSnapshot& snapshot, const Weights& weights) {
  const auto expected = weights.tensors();
  REQUIRE(snapshot.tensors().size() == expected.size());
  for (size_t i = 0; i < expected.size(); ++i) {
    const WeightTensor& tensor = snapshot.tensors()[i];
    CHECK(tensor.name == expected[i].name);
    CHECK(tensor.dtype == expected[i].dtype);
    CHECK(tensor.shape == expected[i].shape);
    REQUIRE(tensor.bytes.size() == expected[i].bytes.size());
    CHECK(std::equal(tensor.bytes.begin(), tensor.bytes.end(),
                     expected[i].bytes.begin()));
    CHECK(reinterpret_cast<uintptr_t>(tensor.bytes.data()) % 64 == 0);
  }
}

struct Channels {
  ScratchFolder folder;
  std::unique_ptr<WeightChannel> memory = make_memory_weight_channel();
  std::unique_ptr<WeightChannel> shm =
      make_shm_weight_channel(folder / "w", "run-1");
  std::vector<WeightChannel*> all() { return {memory.get(), shm.get()}; }
  size_t num_versions() const {
    return static_cast<size_t>(
        std::count_if(fs::directory_iterator(folder / "w"),
                      fs::directory_iterator(), [](const auto& entry) {
                        return entry.path().filename().string().find('@') !=
                               std::string::npos;
                      }));
  }
};

}  // namespace

TEST_CASE("weights: what is published is received, with its version") {
  Channels channels;
  for (WeightChannel* channel : channels.all()) {
    const Weights weights(3);
    const auto manifest = channel->publish({7, 2}, weights.tensors());
    CHECK(manifest.version == PolicyVersion{7, 2});
    CHECK(manifest.num_bytes == 6 * 4 + 3 * 2);
    CHECK(manifest.hash == weight_hash(weights.tensors()));
    const auto snapshot = channel->receive(manifest);
    CHECK(snapshot->version() == PolicyVersion{7, 2});
    check_equal(*snapshot, weights);
  }
}

TEST_CASE("weights: the last two versions are kept, a held one stays whole") {
  Channels channels;
  for (WeightChannel* channel : channels.all()) {
    std::vector<WeightManifest> manifests;
    std::vector<std::shared_ptr<const WeightSnapshot>> held;
    for (int update = 0; update < 4; ++update) {
      manifests.push_back(channel->publish({static_cast<uint64_t>(update), 1},
                                           Weights(update).tensors()));
      held.push_back(channel->receive(manifests.back()));
    }
    CHECK_THROWS_AS(channel->receive(manifests[0]), Unavailable);
    CHECK_THROWS_AS(channel->receive(manifests[1]), Unavailable);
    check_equal(*channel->receive(manifests[2]), Weights(2));
    check_equal(*channel->receive(manifests[3]), Weights(3));
    check_equal(*held[0], Weights(0));
  }
  CHECK(channels.num_versions() == 2);
}

TEST_CASE("weights: the hash is of the weights alone") {
  Channels channels;
  const auto first = channels.shm->publish({1, 1}, Weights(5).tensors());
  const auto again = channels.memory->publish({2, 9}, Weights(5).tensors());
  const auto other = channels.memory->publish({3, 9}, Weights(6).tensors());
  CHECK(first.hash == again.hash);
  CHECK(first.hash != other.hash);
  const Weights weights(5);
  auto reshaped = weights.tensors();
  reshaped[0].shape = {3, 2};
  CHECK(weight_hash(reshaped) != first.hash);
}

TEST_CASE("weights: publishing a version again replaces it") {
  Channels channels;
  for (WeightChannel* channel : channels.all()) {
    const auto old = channel->publish({1, 1}, Weights(1).tensors());
    const auto fresh = channel->publish({1, 1}, Weights(2).tensors());
    CHECK_THROWS_AS(channel->receive(old), InvalidInput);
    check_equal(*channel->receive(fresh), Weights(2));
  }
}

TEST_CASE("weights: a wrong hash is refused") {
  Channels channels;
  for (WeightChannel* channel : channels.all()) {
    auto manifest = channel->publish({1, 1}, Weights(1).tensors());
    manifest.hash[0] = manifest.hash[0] == '0' ? '1' : '0';
    CHECK_THROWS_AS(channel->receive(manifest), InvalidInput);
  }
}

TEST_CASE("weights: tensors that do not fit their description are refused") {
  Channels channels;
  const Weights weights(1);
  for (WeightChannel* channel : channels.all()) {
    auto tensors = weights.tensors();
    tensors[0].shape = {2, 4};
    CHECK_THROWS_WITH(channel->publish({1, 1}, tensors),
                      Contains("'model.a' has 24 bytes") && Contains("32"));
    tensors = weights.tensors();
    tensors[1].name = "model.a";
    CHECK_THROWS_AS(channel->publish({1, 1}, tensors), InvalidInput);
    tensors = weights.tensors();
    tensors[1].dtype = "F8";
    CHECK_THROWS_AS(channel->publish({1, 1}, tensors), InvalidInput);
    tensors = weights.tensors();
    // Wraps round to 4 elements when multiplied without care.
    tensors[0].shape = {4194305, 4194305, 211106198978564};
    CHECK_THROWS_AS(channel->publish({1, 1}, tensors), InvalidInput);
  }
}

TEST_CASE("shm weights: damage anywhere in the file is found") {
  Channels channels;
  const Weights weights(1);
  const auto manifest = channels.shm->publish({1, 1}, weights.tensors());
  const std::string whole = read_file(manifest.address);
  int num_unharmed = 0;
  for (size_t i = 0; i < whole.size(); ++i) {
    std::string content = whole;
    content[i] = static_cast<char>(content[i] ^ 4);
    write_file_atomic(manifest.address, content);
    try {
      check_equal(*channels.shm->receive(manifest), weights);
      ++num_unharmed;  // a bit of padding
    } catch (const InvalidInput&) {
    }
  }
  // Padding: behind the header and behind each tensor, under 64 bytes each.
  CHECK(num_unharmed < 3 * 64);
  for (size_t size : {size_t{1}, size_t{12}, size_t{100}, whole.size() - 64}) {
    write_file_atomic(manifest.address, whole.substr(0, size));
    CHECK_THROWS_AS(channels.shm->receive(manifest), InvalidInput);
  }
}

TEST_CASE("shm weights: another process of the run reads them, late too") {
  ScratchFolder folder;
  const auto learner = make_shm_weight_channel(folder / "w", "run-1");
  learner->publish({1, 1}, Weights(1).tensors());
  const auto manifest = learner->publish({2, 1}, Weights(2).tensors());
  const auto late = make_shm_weight_channel(folder / "w", "run-1");
  check_equal(*late->receive(manifest), Weights(2));
  const auto stranger = make_shm_weight_channel(folder / "w", "run-2");
  CHECK_THROWS_AS(stranger->receive(manifest), Unavailable);
}

TEST_CASE("shm weights: a manifest's address is not followed") {
  Channels channels;
  auto manifest = channels.shm->publish({1, 1}, Weights(1).tensors());
  manifest.address = "/etc/passwd";
  check_equal(*channels.shm->receive(manifest), Weights(1));
}

TEST_CASE("shm weights: leftovers of a dead incarnation go, others' stay") {
  ScratchFolder folder;
  make_directories(folder / "w");
  for (const char* name :
       {"run-1@9.1", "run-1@3.1", "run-1@2.1", "run-1@4.1.tmp-123", "run-1@5.3",
        "run-12@9.1", "run-1@x", "other"}) {
    std::ofstream(folder / ("w/" + std::string(name))) << "x";
  }
  const auto channel = make_shm_weight_channel(folder / "w", "run-1");
  channel->publish({4, 2}, Weights(4).tensors());
  CHECK_FALSE(fs::exists(folder / "w/run-1@9.1"));
  CHECK_FALSE(fs::exists(folder / "w/run-1@2.1"));
  CHECK_FALSE(fs::exists(folder / "w/run-1@4.1.tmp-123"));
  for (const char* name : {"run-1@4.2", "run-1@3.1", "run-1@5.3", "run-12@9.1",
                           "run-1@x", "other"}) {
    CHECK(fs::exists(folder / ("w/" + std::string(name))));
  }
}

TEST_CASE("shm weights: run ids that are no file names are refused") {
  ScratchFolder folder;
  for (const char* run_id : {"", "../x", "a/b", ".hidden", "a b"}) {
    CHECK_THROWS_AS(make_shm_weight_channel(folder / "w", run_id), ConfigError);
  }
  CHECK_THROWS_AS(make_shm_weight_channel("/proc/none/w", "run"), IoError);
}
