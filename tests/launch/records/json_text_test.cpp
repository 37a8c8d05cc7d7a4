#include "launch/records/json_text.h"

#include <catch2/catch.hpp>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "common/error/error.h"

namespace ume {
namespace {

TEST_CASE("floats are written with digits that read back to the same value") {
  const std::vector<float> values = {0.0f,   -0.1f,         1.0f / 3.0f,
                                     1e-40f, 3.4028235e38f, 16777216.0f};
  std::string line;
  append_json(line, std::span<const float>(values));
  CHECK(nlohmann::json::parse(line).get<std::vector<float>>() == values);
  CHECK(line.size() < 80);
}

TEST_CASE("a number that JSON cannot hold is refused") {
  std::string line;
  for (const float value : {std::numeric_limits<float>::quiet_NaN(),
                            std::numeric_limits<float>::infinity()}) {
    CHECK_THROWS_AS(append_json(line, std::span<const float>(&value, 1)),
                    InvalidInput);
  }
}

TEST_CASE("ids and texts are JSON, whatever their bytes") {
  const std::vector<int64_t> ids = {0, -1, INT64_MAX};
  std::string line;
  append_json(line, std::span<const int64_t>(ids));
  CHECK(line == "[0,-1,9223372036854775807]");
  line.clear();
  append_json(line, std::string_view("\"\n\xff\xe2\x82", 5));
  CHECK(nlohmann::json::parse(line) == "\"\n\ufffd\ufffd");
}

}  // namespace
}  // namespace ume
