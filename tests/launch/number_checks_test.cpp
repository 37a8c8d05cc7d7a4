#include "launch/number_checks.h"

#include <catch2/catch.hpp>
#include <string>

namespace ume {
namespace {

// What the check says; empty: accepted.
std::string said(const CLI::Validator& check, const std::string& text) {
  return check(text);
}

TEST_CASE("whole_number: digits alone, and what the type holds") {
  const CLI::Validator seed = whole_number(0, UINT64_MAX);
  for (const char* good : {"0", "7", "18446744073709551615"}) {
    CHECK(said(seed, good).empty());
  }
  for (const char* bad : {"", "-1", "+1", "010", "0x10", "1e3", "1.0", " 1",
                          "1 ", "18446744073709551616", "x"}) {
    INFO(bad);
    CHECK_THAT(said(seed, bad),
               Catch::Contains("expected a whole number from 0 to 1844") &&
                   Catch::EndsWith(std::string("found ") + bad));
  }
}

TEST_CASE("whole_number: both bounds count") {
  const CLI::Validator few = whole_number(2, 10);
  CHECK(said(few, "2").empty());
  CHECK(said(few, "10").empty());
  CHECK(said(few, "1") == "expected a whole number from 2 to 10, found 1");
  CHECK_FALSE(said(few, "11").empty());
}

TEST_CASE("finite_number: nan is within no range") {
  const CLI::Validator share = finite_number(0.001, 1000.0);
  for (const char* good : {"0.001", "5", "1e2", "1000"}) {
    CHECK(said(share, good).empty());
  }
  CHECK(said(share, "nan") ==
        "expected a number from 0.001 to 1000, found nan");
  for (const char* bad : {"", "-nan", "inf", "0", "1001", "5 GB", "1e999"}) {
    INFO(bad);
    CHECK_FALSE(said(share, bad).empty());
  }
}

TEST_CASE("temperature: greedy, or what a logit can be divided by") {
  for (const char* good : {"0", "1e-6", "0.7", "100"}) {
    CHECK(said(sampling_temperature(), good).empty());
  }
  for (const char* bad : {"1e-40", "-1", "nan", "inf", "1e400"}) {
    INFO(bad);
    CHECK_THAT(said(sampling_temperature(), bad),
               Catch::Contains("0 or a number from"));
  }
}

}  // namespace
}  // namespace ume
