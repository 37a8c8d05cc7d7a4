#include "eval/metrics/bootstrap.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "common/error/error.h"
#include "common/random/philox.h"

using namespace ume;

TEST_CASE("the interval of a mean of 0s and 1s is the normal one") {
  // 300 ones of 1000: standard error sqrt(0.3 * 0.7 / 1000) = 0.014491.
  std::vector<double> values(1000, 0.0);
  for (size_t i = 0; i < 300; ++i) values[i] = 1.0;
  const Estimate e = bootstrap_mean(values, {});
  CHECK(e.mean == Approx(0.3));
  CHECK(e.low == Approx(0.3 - 1.96 * 0.014491).margin(0.002));
  CHECK(e.high == Approx(0.3 + 1.96 * 0.014491).margin(0.002));
  CHECK(e.num_clusters == 1000);
}

TEST_CASE("copies inside a cluster do not narrow the interval") {
  std::vector<double> values;
  std::vector<double> copied;
  std::vector<std::string> clusters;
  RandomStream random(5);
  for (int i = 0; i < 60; ++i) {
    values.push_back(random.uniform());
    for (int copy = 0; copy < 4; ++copy) {
      copied.push_back(values.back());
      clusters.push_back("c" + std::to_string(i));
    }
  }
  const Estimate alone = bootstrap_mean(values, {});
  const Estimate together = bootstrap_mean(copied, clusters);
  CHECK(together.mean == Approx(alone.mean));
  CHECK(together.low == Approx(alone.low));
  CHECK(together.high == Approx(alone.high));
  CHECK(together.num_values == 240);
  CHECK(together.num_clusters == 60);
  const Estimate naive = bootstrap_mean(copied, {});
  CHECK(naive.high - naive.low < 0.7 * (alone.high - alone.low));
}

TEST_CASE("the 95 % interval covers the truth about 95 times in 100") {
  int covered = 0;
  BootstrapOptions options;
  options.resamples = 200;
  const int trials = 200;
  for (int trial = 0; trial < trials; ++trial) {
    RandomStream random(11, trial);
    std::vector<double> values;
    std::vector<std::string> clusters;
    for (int c = 0; c < 60; ++c) {
      const double shared = random.uniform();  // truth: mean 0.5
      for (int i = 0; i < 3; ++i) {
        values.push_back(0.5 * shared + 0.5 * random.uniform());
        clusters.push_back(std::to_string(c));
      }
    }
    const Estimate e = bootstrap_mean(values, clusters, options);
    covered += e.low <= 0.5 && 0.5 <= e.high;
  }
  // Binomial(200, 0.95): mean 190, three standard deviations are 9; the
  // percentile interval is a little narrow for 60 clusters.
  CHECK(covered >= 180);
  CHECK(covered <= 198);
}

TEST_CASE("the same inputs give the same interval, another seed another one") {
  const std::vector<double> values = {0, 1, 1, 0, 1, 0, 0, 1, 1, 1, 0};
  BootstrapOptions options;
  CHECK(bootstrap_mean(values, {}) == bootstrap_mean(values, {}));
  options.level = 0.5;
  const Estimate half = bootstrap_mean(values, {}, options);
  const Estimate wide = bootstrap_mean(values, {});
  CHECK(half.low > wide.low);
  CHECK(half.high < wide.high);
}

TEST_CASE("the interval of one value is a point, of none all numbers are 0") {
  CHECK(bootstrap_mean({}, {}) == Estimate());
  const Estimate one = bootstrap_mean(std::vector<double>{0.7}, {});
  CHECK(one.low == 0.7);
  CHECK(one.high == 0.7);
}

TEST_CASE("a bootstrap refuses clusters that do not fit, NaN and no resample") {
  const std::vector<double> two = {1, 2};
  CHECK_THROWS_AS(bootstrap_mean(two, std::vector<std::string>{"a"}),
                  InvalidInput);
  CHECK_THROWS_AS(bootstrap_mean(std::vector<double>{std::nan("")}, {}),
                  InvalidInput);
  BootstrapOptions options;
  options.resamples = 0;
  CHECK_THROWS_AS(bootstrap_mean(two, {}, options), InvalidInput);
}
