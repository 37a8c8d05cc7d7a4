#include "data/media/video_sampling.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <numeric>

#include "common/error/error.h"

namespace ume {
namespace {

using nlohmann::json;
using Frames = std::vector<int64_t>;

// Reference: the rule of qwen_vl_utils' smart_nframes with NumPy's linspace
// (tests/fixtures/video/build.py).
TEST_CASE("choose_frames: equals the reference over lengths, rates and fps") {
  const json table =
      json::parse(std::ifstream("tests/fixtures/video/expected.json"));
  for (const json& row : table["sampling"]) {
    CAPTURE(row.dump());
    VideoSampling sampling;
    sampling.fps = row["fps"];
    const Frames chosen =
        choose_frames(row["total"], row["video_fps"], sampling);
    REQUIRE(static_cast<int64_t>(chosen.size()) == row["number"]);
    CHECK(chosen.front() == 0);
    CHECK(chosen.at(chosen.size() / 2) == row["middle"]);
    CHECK(chosen.back() == row["last"]);
    CHECK(std::accumulate(chosen.begin(), chosen.end(), int64_t{0}) ==
          row["sum"]);
  }
  CHECK(table["sampling"].size() == 350);
}

TEST_CASE("choose_frames: by number they are floors of even steps") {
  VideoSampling sampling;
  sampling.num_frames = 8;
  // By hand: floor(i * 19 / 7).
  CHECK(choose_frames(20, 25.0, sampling) ==
        Frames{0, 2, 5, 8, 10, 13, 16, 19});
  CHECK(choose_frames(3, 25.0, sampling) == Frames{0, 1, 2});
  sampling.num_frames = 1;
  CHECK(choose_frames(20, 25.0, sampling) == Frames{0});
}

TEST_CASE("choose_frames: any fps keeps between min_frames and max_frames") {
  VideoSampling sampling;
  sampling.max_frames = 7;  // rounded down to 6, whole temporal patches
  sampling.fps = std::numeric_limits<double>::max();
  CHECK(choose_frames(1'000'000, 25.0, sampling).size() == 6);
  sampling.fps = std::numeric_limits<double>::denorm_min();
  CHECK(choose_frames(1'000'000, 25.0, sampling).size() == 4);
}

TEST_CASE("choose_frames: refuses no frames and rates that are none") {
  const VideoSampling sampling;
  CHECK_THROWS_WITH(choose_frames(0, 25.0, sampling),
                    Catch::Contains("without frames"));
  for (const double rate : {0.0, -1.0, std::nan(""), HUGE_VAL}) {
    CHECK_THROWS_AS(choose_frames(10, rate, sampling), InvalidInput);
    VideoSampling bad;
    bad.fps = rate;
    CHECK_THROWS_AS(choose_frames(10, 25.0, bad), InvalidInput);
  }
}

}  // namespace
}  // namespace ume
