#include "rollout/token_sampling.h"

#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>

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

TEST_CASE("a completion ends with its first end token, as the recorded masks") {
  std::ifstream file("tests/fixtures/parity/grpo/completion_mask_cases.json");
  const auto cases = nlohmann::json::parse(file);
  REQUIRE(!cases.empty());
  for (const auto& c : cases) {
    const auto ids = c["completion_ids"].get<std::vector<int64_t>>();
    const auto mask = c["mask"].get<std::vector<size_t>>();
    const std::vector<int64_t> end = {c["eos_token_id"].get<int64_t>()};
    SamplingParams params;
    params.max_new_tokens = static_cast<int32_t>(ids.size());
    std::vector<int64_t> drawn;
    std::optional<FinishReason> finish;
    while (!finish) {
      drawn.push_back(ids.at(drawn.size()));
      finish = finish_of(drawn, end, params);
    }
    CHECK(drawn.size() == std::accumulate(mask.begin(), mask.end(), size_t{0}));
    CHECK((*finish == FinishReason::kEndToken) == (drawn.back() == end[0]));
  }
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

// Probabilities 1/2, 1/4, 1/8, 1/8: exact in binary, so that sums are too.
const std::vector<float> kHalves = {std::log(4.0f), std::log(8.0f),
                                    std::log(2.0f), std::log(2.0f)};

std::vector<double> halves(double temperature, int32_t top_k, double top_p) {
  SamplingParams params;
  params.temperature = temperature;
  params.top_k = top_k;
  params.top_p = top_p;
  return filtered_distribution(kHalves, params);
}

void check_distribution(const std::vector<double>& found,
                        const std::vector<double>& expected) {
  REQUIRE(found.size() == expected.size());
  for (size_t i = 0; i < found.size(); ++i) {
    CAPTURE(i);
    CHECK(found[i] == Approx(expected[i]).margin(1e-6));
  }
}

TEST_CASE("temperature, top-k and top-p give their closed forms") {
  // p ~ (1/4, 1/2, 1/8, 1/8) in id order.
  check_distribution(halves(1, 0, 1), {0.25, 0.5, 0.125, 0.125});
  // Temperature 1/2 squares: (4, 16, 1, 1) / 22. Temperature 2 takes roots.
  check_distribution(halves(0.5, 0, 1),
                     {4.0 / 22, 16.0 / 22, 1.0 / 22, 1.0 / 22});
  const double root = std::sqrt(2.0);
  const double sum = 2 + 4 * root;
  check_distribution(halves(2, 0, 1),
                     {2 / sum, 2 * root / sum, root / sum, root / sum});
  check_distribution(halves(1, 1, 1), {0, 1, 0, 0});
  check_distribution(halves(1, 2, 1), {1.0 / 3, 2.0 / 3, 0, 0});
  // The third place is shared: both stay.
  check_distribution(halves(1, 3, 1), {0.25, 0.5, 0.125, 0.125});
  // The fewest of the likeliest whose mass reaches p.
  check_distribution(halves(1, 0, 0.4), {0, 1, 0, 0});
  check_distribution(halves(1, 0, 0.6), {1.0 / 3, 2.0 / 3, 0, 0});
  // Of two equal tokens the lower id stays.
  check_distribution(halves(1, 0, 0.8), {2.0 / 7, 4.0 / 7, 1.0 / 7, 0});
  check_distribution(halves(1, 0, 0.9), {0.25, 0.5, 0.125, 0.125});
  // Top-p counts what temperature and top-k have left: 16/20 of two tokens.
  check_distribution(halves(0.5, 2, 0.79), {0, 1, 0, 0});
  check_distribution(halves(0.5, 2, 0.81), {0.2, 0.8, 0, 0});
}

TEST_CASE("every uniform number draws from the filtered distribution only") {
  SamplingParams params;
  params.top_p = 0.6;
  std::array<int, 4> drawn{};
  for (int i = 0; i < 3000; ++i) {
    const SampledToken token =
        sample_token(kHalves, params, {}, (i + 0.5) / 3000);
    ++drawn[static_cast<size_t>(token.id)];
    // Of the full softmax, whatever was filtered.
    REQUIRE(token.logprob ==
            Approx(std::log(token.id == 1 ? 0.5 : 0.25)).margin(1e-6));
  }
  CHECK(std::abs(drawn[0] - 1000) <= 1);
  CHECK(std::abs(drawn[1] - 2000) <= 1);
}

}  // namespace
}  // namespace ume
