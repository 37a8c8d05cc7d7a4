#include "eval/metrics/pass_at_k.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <nlohmann/json.hpp>

#include "common/error/error.h"
#include "eval/metrics/ranking.h"
#include "eval/metrics/retrieval_metrics.h"

using namespace ume;
using nlohmann::json;

TEST_CASE("pass@k agrees with every recorded case") {
  std::ifstream in("tests/fixtures/parity/metrics/pass_at_k.json");
  for (const json& c : json::parse(in)) {
    const int64_t n = c["num_samples"];
    const size_t queries = c["labels"].size();
    std::vector<std::vector<uint8_t>> hits(queries, std::vector<uint8_t>(n));
    for (int64_t s = 0; s < n; ++s) {
      for (size_t q = 0; q < queries; ++q) {
        const auto ranking =
            rank_candidates(c["scores"][s][q].get<std::vector<float>>());
        const MetricValues m =
            query_metrics(ranking, c["labels"][q].get<std::vector<int64_t>>());
        hits[q][s] = m.at(Metric::kHit, 0) > 0.0;
        REQUIRE(hits[q][s] == c["hit_at_1"][s][q].get<double>());
      }
    }
    for (const auto& [key, expected] : c["pass_at_k_unbiased"].items()) {
      const int64_t k = std::stoll(key);
      double unbiased = 0.0;
      for (const auto& query : hits) {
        unbiased += pass_at_k(n, std::count(query.begin(), query.end(), 1), k);
      }
      CHECK(unbiased / queries == Approx(expected.get<double>()).margin(1e-9));
    }
  }
}

TEST_CASE("pass@k by hand and at its ends") {
  CHECK(pass_at_k(4, 1, 2) == Approx(0.5));
  CHECK(pass_at_k(8, 0, 8) == 0.0);
  CHECK(pass_at_k(8, 1, 8) == 1.0);
  CHECK(pass_at_k(1000000, 1, 1) == Approx(1e-6));
  CHECK_THROWS_AS(pass_at_k(4, 1, 5), InvalidInput);
  CHECK_THROWS_AS(pass_at_k(4, 5, 1), InvalidInput);
  CHECK_THROWS_AS(pass_at_k(4, 1, 0), InvalidInput);
}

TEST_CASE("chance is what a random order hits") {
  CHECK(chance_hit(1, 696) == Approx(1.0 / 696));
  CHECK(chance_hit(2, 4, 2) == Approx(1.0 - 1.0 / 6.0));
  CHECK(chance_hit(0, 5) == 0.0);
  CHECK(chance_hit(1, 3, 10) == 1.0);
  CHECK_THROWS_AS(chance_hit(1, 0), InvalidInput);
}
