#include "coordinator/progress/saturation_watch.h"

#include <catch2/catch.hpp>

using namespace ume;

namespace {

// What the watch says to these shares, one letter an update: '!' or '.'.
std::string told(SaturationWatch& watch, const std::vector<double>& shares) {
  std::string out;
  for (const double share : shares) {
    out += watch.add({{"reward_ranking_at_1", share}}, 16) ? '!' : '.';
  }
  return out;
}

}  // namespace

TEST_CASE("saturation: said once, after five updates in a row") {
  SaturationWatch watch;
  CHECK(told(watch, {1, 1, 1, 1, 0.98, 1, 1, 1, 1, 1, 1, 1}) == ".........!..");
}

TEST_CASE("saturation: said again only after a clear recovery") {
  SaturationWatch watch;
  CHECK(told(watch, {1, 1, 1, 1, 1}) == "....!");
  CHECK(told(watch, {0.95, 1, 1, 1, 1, 1, 1}) == ".......");
  CHECK(told(watch, {0.5, 1, 1, 1, 1, 1, 1}) == ".....!.");
}

TEST_CASE("saturation: names the setting to change; silent without ranking") {
  SaturationWatch watch;
  CHECK_FALSE(watch.add({{"loss", 1.0}}, 16));
  std::optional<std::string> text;
  for (int i = 0; i < 5; ++i) {
    text = watch.add({{"reward_ranking_at_1", 1.0}}, 24);
  }
  REQUIRE(text);
  CHECK_THAT(*text, Catch::Contains("enlarge the cohort") &&
                        Catch::Contains("grpo.pairs_per_cohort is 24"));
}
