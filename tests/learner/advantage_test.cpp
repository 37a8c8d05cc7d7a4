#include "learner/grpo/advantage.h"

#include <catch2/catch.hpp>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>

#include "common/error/error.h"
#include "tests/learner/fixtures.h"

namespace ume {
namespace {

TEST_CASE("group_advantages: two opposite rewards give opposite advantages") {
  // By hand: mean 0.5, unbiased std sqrt(0.5) = 0.70711, so +-0.5 / 0.70721.
  const auto a = group_advantages(std::vector<float>{1.0f, 0.0f});
  CHECK(a[0] == Approx(0.70701f).margin(1e-5));
  CHECK(a[1] == Approx(-0.70701f).margin(1e-5));
}

TEST_CASE("group_advantages: without a scale only the mean is subtracted") {
  const auto a = group_advantages(std::vector<float>{1.0f, 0.0f, 0.5f},
                                  AdvantageScale::kNone);
  CHECK(a[0] == Approx(0.5f));
  CHECK(a[1] == Approx(-0.5f));
  CHECK(a[2] == Approx(0.0f));
}

TEST_CASE("group_advantages: equal rewards give zeros") {
  for (float a : group_advantages(std::vector<float>(7, 1.3f))) {
    CHECK(a == 0.0f);
  }
}

TEST_CASE("group_advantages: rejects a group of one and a missing number") {
  CHECK_THROWS_AS(group_advantages(std::vector<float>{1.0f}), InvalidInput);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_AS(group_advantages(std::vector<float>{1.0f, nan}),
                  InvalidInput);
}

TEST_CASE("group_advantages: agrees with the recorded cases") {
  for (const auto& c : parity_json("reward/advantage_cases.json")) {
    const auto rewards = c["rewards"].get<std::vector<float>>();
    const auto expected = c["advantages"].get<std::vector<float>>();
    const auto stds = c["std"].get<std::vector<float>>();
    const auto size = c["group_size"].get<size_t>();
    for (size_t g = 0; g * size < rewards.size(); ++g) {
      const std::span<const float> group(rewards.data() + g * size, size);
      const auto a = group_advantages(group);
      CHECK(group_std(group) == Approx(stds[g]).margin(1e-5));
      // 1 / 1e-4 amplifies the rounding of (nearly) constant groups.
      const double margin = stds[g] < 1e-3f ? 0.02 : 1e-5;
      for (size_t i = 0; i < size; ++i) {
        CHECK(a[i] ==
              Approx(expected[g * size + i]).epsilon(1e-5).margin(margin));
      }
    }
  }
}

}  // namespace
}  // namespace ume
