#include <catch2/catch.hpp>

#include "coordinator/progress/ledger_check.h"
#include "tests/coordinator/simulator.h"

namespace ume {
namespace {

using test::Simulator;
using test::Weather;

std::vector<std::string> calm_lines() {
  Simulator calm(test::small_job(), Weather{}, 0);
  calm.run();
  return ledger_digest_lines(calm.ledger());
}

// Runs the seed and compares its ledger with the fault-free one's.
int64_t check_seed(uint64_t seed,
                   const Weather& weather,
                   const std::vector<std::string>& expected) {
  INFO("seed " << seed);
  Simulator world(test::small_job(), weather, seed);
  REQUIRE_NOTHROW(world.run());
  REQUIRE(world.broken() == std::vector<std::string>());
  REQUIRE(ledger_digest_lines(world.ledger()) == expected);
  return world.kills();
}

}  // namespace

TEST_CASE("simulation: the order of events does not change the ledger") {
  const auto expected = calm_lines();
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    check_seed(seed, Weather{}, expected);
  }
}

TEST_CASE(
    "simulation: lost, doubled and late messages do not change the ledger") {
  const auto expected = calm_lines();
  Weather weather;
  weather.lose = 0.05;
  weather.duplicate = 0.1;
  weather.late = 0.05;
  weather.hang = 0.05;
  for (uint64_t seed = 1; seed <= 80; ++seed) {
    check_seed(seed, weather, expected);
  }
}

TEST_CASE("simulation: killed roles do not change the ledger") {
  const auto expected = calm_lines();
  Weather weather;
  weather.kill_every = 2.0;
  int64_t kills = 0;
  for (uint64_t seed = 1; seed <= 80; ++seed) {
    kills += check_seed(seed, weather, expected);
  }
  CHECK(kills > 1000);
}

TEST_CASE("simulation: all faults together do not change the ledger") {
  const auto expected = calm_lines();
  Weather weather;
  weather.lose = 0.03;
  weather.duplicate = 0.05;
  weather.late = 0.03;
  weather.hang = 0.03;
  weather.kill_every = 4.0;
  for (uint64_t seed = 1; seed <= 150; ++seed) {
    check_seed(seed, weather, expected);
  }
}

TEST_CASE(
    "simulation: checkpoints that turn out damaged do not change the ledger") {
  const auto expected = calm_lines();
  Weather weather;
  weather.kill_every = 2.0;
  weather.damage = 0.8;
  int64_t damages = 0;
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    Simulator world(test::small_job(), weather, seed);
    REQUIRE_NOTHROW(world.run());
    REQUIRE(world.broken() == std::vector<std::string>());
    REQUIRE(ledger_digest_lines(world.ledger()) == expected);
    damages += world.damages();
  }
  CHECK(damages > 60);
}

}  // namespace ume
