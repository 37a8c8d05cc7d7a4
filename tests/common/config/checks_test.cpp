#include "common/config/checks.h"

#include <catch2/catch.hpp>
#include <cmath>

#include "common/error/error.h"

using namespace ume;
using Catch::EndsWith;

namespace {

const ConfigChecks kCheck("a.b");
constexpr int64_t kZero = 0;
constexpr int64_t kThree = 3;

}  // namespace

TEST_CASE("config checks: what keeps the rules is let through") {
  kCheck.at_least("n", kThree, 3);
  kCheck.at_least("n", 0.0, 0);
  kCheck.more_than("n", 1e-9, 0);
  kCheck.within("n", kThree, 3, 3);
  kCheck.within("n", 0.5, 0, 0.5);
  kCheck.one_of("n", "x", {"y", "x"});
  kCheck.only_with(true, "n", {"x"}, "y");
  kCheck.that(true, "n", kThree, "2");
}

TEST_CASE("config checks: a sentence names the field, both bounds and values") {
  CHECK_THROWS_AS(kCheck.at_least("n", kZero, 1), ConfigError);
  CHECK_THROWS_WITH(kCheck.at_least("n", kZero, 1),
                    "a.b.n: expected 1 or more, found 0");
  CHECK_THROWS_WITH(kCheck.at_least("n", -0.25, 0),
                    "a.b.n: expected 0 or more, found -0.25");
  CHECK_THROWS_WITH(kCheck.more_than("n", 0, 0),
                    "a.b.n: expected more than 0, found 0");
  CHECK_THROWS_WITH(kCheck.within("n", INT64_MIN, 0, int64_t{1} << 50),
                    "a.b.n: expected 0 to 1125899906842624, found "
                    "-9223372036854775808");
  CHECK_THROWS_WITH(kCheck.within("n", 1e-7, 0.1, 2.5),
                    "a.b.n: expected 0.1 to 2.5, found 1e-07");
  CHECK_THROWS_WITH(kCheck.only_with(false, "n", {"x", "y"}, "z"),
                    "a.b.n: expected with x or y only, found with z");
  CHECK_THROWS_WITH(kCheck.that(false, "n[1]", "t", "an end"),
                    "a.b.n[1]: expected an end, found 't'");
  const std::vector<double> numbers = {1.0, 0.5};
  CHECK_THROWS_WITH(kCheck.that(false, "n", numbers, "[lowest, highest]"),
                    "a.b.n: expected [lowest, highest], found [1, 0.5]");
}

TEST_CASE("config checks: a number that is not finite breaks every rule") {
  for (const double value : {std::nan(""), HUGE_VAL}) {
    CHECK_THROWS_AS(kCheck.at_least("n", value, 0), ConfigError);
    CHECK_THROWS_AS(kCheck.more_than("n", value, 0), ConfigError);
    CHECK_THROWS_AS(kCheck.within("n", value, 0, HUGE_VAL), ConfigError);
  }
}

TEST_CASE("config checks: an unknown word is answered with the nearest") {
  CHECK_THROWS_WITH(kCheck.one_of("n", "cosin", {"linear", "cosine", "step"}),
                    "a.b.n: expected linear, cosine or step, found 'cosin'; "
                    "did you mean 'cosine'?");
  CHECK_THROWS_WITH(kCheck.one_of("n", "", {"x"}),
                    "a.b.n: expected x, found nothing");
  CHECK_THROWS_WITH(kCheck.one_of("n", std::string(99, 'z') + "\x1b", {"x"}),
                    EndsWith(std::string(64, 'z') + "…'"));
}

TEST_CASE("config checks: names go on from the section's") {
  CHECK(kCheck.path("c") == "a.b.c");
  CHECK(ConfigChecks("").path("c") == "c");
  CHECK_THROWS_WITH(ConfigChecks("").at_least("c", kZero, 1),
                    "c: expected 1 or more, found 0");
}
