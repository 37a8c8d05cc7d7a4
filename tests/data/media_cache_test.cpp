#include "data/prepare/media_cache.h"

#include <catch2/catch.hpp>
#include <thread>

namespace ume {
namespace {

// num_values floats, all `value`.
std::shared_ptr<const PreparedMedia> media_of(size_t num_values, float value) {
  auto media = std::make_shared<PreparedMedia>();
  media->patches.values.assign(num_values, value);
  return media;
}

TEST_CASE("the cache drops what was used longest ago") {
  MediaCache cache(100);
  cache.insert("a", media_of(10, 1));
  cache.insert("b", media_of(10, 2));
  CHECK(cache.find("a") != nullptr);
  cache.insert("c", media_of(10, 3));  // 120 bytes: b has to go
  CHECK(cache.find("b") == nullptr);
  CHECK(cache.find("a")->patches.values[0] == 1);
  CHECK(cache.find("c")->patches.values[0] == 3);
  CHECK(cache.num_bytes() == 80);
}

TEST_CASE("the cache keeps nothing larger than itself and counts keys once") {
  MediaCache cache(100);
  cache.insert("huge", media_of(26, 0));
  CHECK(cache.find("huge") == nullptr);
  cache.insert("a", media_of(25, 1));
  cache.insert("a", media_of(25, 1));
  CHECK(cache.num_bytes() == 100);
  MediaCache none(0);
  none.insert("a", media_of(1, 1));
  CHECK(none.find("a") == nullptr);
}

TEST_CASE("what a reader holds outlives its place in the cache") {
  MediaCache cache(40);
  cache.insert("a", media_of(10, 7));
  const auto held = cache.find("a");
  cache.insert("b", media_of(10, 8));
  CHECK(cache.find("a") == nullptr);
  CHECK(held->patches.values[9] == 7);
}

TEST_CASE("threads may share the cache") {
  MediaCache cache(400);
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&cache, t] {
      for (int i = 0; i < 500; ++i) {
        const int value = (i * 7 + t) % 20;
        const std::string key = std::to_string(value);
        const auto found = cache.find(key);
        if (found == nullptr) {
          cache.insert(key, media_of(10, static_cast<float>(value)));
        } else if (found->patches.values[0] != static_cast<float>(value)) {
          std::abort();
        }
      }
    });
  }
  threads.clear();
  CHECK(cache.num_bytes() <= 400);
}

}  // namespace
}  // namespace ume
