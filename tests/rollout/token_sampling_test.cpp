#include "rollout/token_sampling.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

#include "common/error/error.h"
#include "common/random/philox.h"
#include "common/tensorfile/safetensors.h"

namespace ume {
namespace {

const std::string kFixtures = "tests/fixtures/parity/sampling/";

std::span<const float> floats(const TensorView& view) {
  return {reinterpret_cast<const float*>(view.bytes.data()),
          view.bytes.size() / 4};
}

TEST_CASE("the filtered distribution equals the reference's processors") {
  std::ifstream stream(kFixtures + "sampling.json");
  const auto cases = nlohmann::json::parse(stream);
  const TensorFile file = TensorFile::open(kFixtures + "sampling.safetensors");
  int compared = 0;
  for (const auto& batch : cases) {
    const TensorView& logits =
        file.at(batch["name"].get<std::string>() + ".logits");
    const auto rows = logits.shape[0];
    const auto vocab = static_cast<size_t>(logits.shape[1]);
    for (const auto& variant : batch["variants"]) {
      if (variant["repetition_penalty"].get<double>() != 1.0) continue;
      SamplingParams params;
      params.temperature = variant["temperature"];
      params.top_k = variant["top_k"];
      params.top_p = variant["top_p"];
      const auto expected =
          floats(file.at(variant["probs"].get<std::string>()));
      for (int64_t row = 0; row < rows; ++row) {
        const auto offset = static_cast<size_t>(row) * vocab;
        const auto probs = filtered_distribution(
            floats(logits).subspan(offset, vocab), params);
        size_t kept = 0;
        for (const double p : probs) kept += p > 0.0;
        CHECK(kept == variant["kept"][static_cast<size_t>(row)]);
        // With exact ties inside top-p the kept subset depends on the order of
        // sorting; their number and mass do not.
        if (batch["has_ties"] && params.top_p < 1.0) continue;
        for (size_t i = 0; i < vocab; ++i) {
          REQUIRE(probs[i] == Approx(expected[offset + i]).margin(1e-6));
        }
        ++compared;
      }
    }
  }
  CHECK(compared > 30);
}

TEST_CASE("a uniform number is inverted in id order") {
  // By hand: probabilities 1/4, 1/4, 1/2.
  const std::vector<float> logits = {0.0f, 0.0f, std::log(2.0f)};
  const SamplingParams params;
  CHECK(sample_token(logits, params, {}, 0.0).id == 0);
  CHECK(sample_token(logits, params, {}, 0.26).id == 1);
  CHECK(sample_token(logits, params, {}, 0.51).id == 2);
  CHECK(sample_token(logits, params, {}, 0.999999999999).id == 2);
  CHECK(sample_token(logits, params, {}, 0.3).logprob ==
        Approx(std::log(0.25)));
}

TEST_CASE(
    "a forbidden token is never drawn, and log-probabilities stay those "
    "of the full softmax") {
  const std::vector<float> logits = {0.0f, 5.0f, 0.0f};
  const std::vector<int64_t> forbidden = {1};
  SamplingParams greedy;
  greedy.temperature = 0.0;
  const SampledToken token = sample_token(logits, greedy, forbidden, 0.0);
  CHECK(token.id == 0);
  CHECK(token.logprob == Approx(-std::log(2.0 + std::exp(5.0))));
  CHECK(sample_token(logits, SamplingParams{}, forbidden, 0.6).id == 2);
}

TEST_CASE("draws follow the distribution") {
  const std::vector<float> logits = {0.0f, std::log(3.0f)};
  int ones = 0;
  for (uint64_t i = 0; i < 4000; ++i) {
    ones += static_cast<int>(
        sample_token(logits, SamplingParams{}, {}, uniform({7, i, 0, 0}, 0))
            .id);
  }
  // 3000 expected, standard deviation 27.
  CHECK(std::abs(ones - 3000) < 110);
}

TEST_CASE("logits that are not numbers are refused") {
  const std::vector<float> logits = {0.0f,
                                     std::numeric_limits<float>::quiet_NaN()};
  CHECK_THROWS_AS(sample_token(logits, SamplingParams{}, {}, 0.5),
                  InvalidInput);
}

}  // namespace
}  // namespace ume
