#include "data/media/preprocessor_config.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include "common/error/error.h"
#include "data/media/patches.h"

namespace ume {
namespace {

using Catch::Matchers::Contains;

class ConfigFile {
 public:
  ConfigFile()
      : path_(std::filesystem::temp_directory_path() /
              ("ume_preprocessor_" + std::to_string(std::rand()) + ".json")) {}
  ~ConfigFile() { std::filesystem::remove(path_); }

  PreprocessorConfig read(const std::string& content) const {
    std::ofstream(path_) << content;
    return read_preprocessor_config(path_);
  }

 private:
  std::filesystem::path path_;
};

TEST_CASE("a published preprocessor_config.json is read") {
  const auto config = read_preprocessor_config(
      "tests/fixtures/parity/model_a_qwen2vl_tied/preprocessor_config.json");
  CHECK(config.limits == PixelLimits{3136, 50176});
  CHECK(config.factor() == 28);
  CHECK(config.patch_dim() == 1176);
  CHECK(config.mean[1] == 0.4578275);
  CHECK(config.std[2] == 0.27577711);
}

TEST_CASE("limits come from size where min_pixels and max_pixels are absent") {
  const ConfigFile file;
  CHECK(file.read(R"({"size": {"shortest_edge": 5, "longest_edge": 9}})")
            .limits == PixelLimits{5, 9});
  CHECK(file.read(R"({"size": {"shortest_edge": 5, "longest_edge": 9},
                      "min_pixels": 6, "max_pixels": null})")
            .limits == PixelLimits{6, 9});
}

TEST_CASE("a preprocessor config that cannot be followed is refused by field") {
  const ConfigFile file;
  const auto refuses = [&](const char* json, const char* field) {
    CHECK_THROWS_WITH(file.read(json), Contains(field));
    CHECK_THROWS_AS(file.read(json), InvalidInput);
  };
  refuses("[]", "object");
  refuses("{", ".json");
  refuses(R"({"patch_size": "14"})", "patch_size is \"14\"");
  refuses(R"({"patch_size": 0})", "patch_size");
  refuses(R"({"patch_size": 1e300})", "patch_size");
  refuses(R"({"min_pixels": 10, "max_pixels": 9})", "below min_pixels");
  refuses(R"({"image_std": [1, 0, 1]})", "image_std");
  refuses(R"({"image_mean": [1, 2]})", "image_mean");
  refuses(R"({"resample": 2})", "resample");
  refuses(R"({"do_resize": false})", "do_resize");
  refuses(R"({"size": 5})", "size");
  CHECK_THROWS_AS(read_preprocessor_config("no/such/file.json"), IoError);
}

TEST_CASE("patches follow merge blocks, channels, frames, rows and columns") {
  // 2x2 patches of 1 pixel, merge 2, two frames a patch: one block of 4 rows.
  PreprocessorConfig config;
  config.patch_size = 1;
  config.merge_size = 2;
  config.rescale_factor = 1.0;
  config.mean = {0, 0, 0};
  config.std = {1, 1, 1};
  const auto frame = [](uint8_t first) {
    RgbImage image{2, 4, {}};
    for (uint8_t i = 0; i < 24; ++i) image.pixels.push_back(first + i);
    return image;
  };
  const std::vector<RgbImage> frames = {frame(0), frame(100), frame(200)};
  const MediaPatches patches = cut_patches(frames, config);
  CHECK(patches.grid == std::array<int64_t, 3>{2, 2, 4});
  const auto row = [&](size_t i) {
    return std::vector<float>(patches.values.begin() + 6 * i,
                              patches.values.begin() + 6 * i + 6);
  };
  using Row = std::vector<float>;
  CHECK(row(0) == Row{0, 100, 1, 101, 2, 102});        // (0, 0)
  CHECK(row(1) == Row{3, 103, 4, 104, 5, 105});        // (0, 1)
  CHECK(row(2) == Row{12, 112, 13, 113, 14, 114});     // (1, 0)
  CHECK(row(4) == Row{6, 106, 7, 107, 8, 108});        // (0, 2): next block
  CHECK(row(8) == Row{200, 200, 201, 201, 202, 202});  // last frame repeated
}

TEST_CASE("frames of different or odd sizes are refused") {
  const PreprocessorConfig config;
  const RgbImage even{28, 28, std::vector<uint8_t>(28 * 28 * 3)};
  const RgbImage odd{28, 27, std::vector<uint8_t>(28 * 27 * 3)};
  CHECK_THROWS_AS(cut_patches({}, config), InvalidInput);
  CHECK_THROWS_AS(cut_patches(std::vector<RgbImage>{even, odd}, config),
                  InvalidInput);
  CHECK_THROWS_AS(make_patches({}, config, config.limits), InvalidInput);
}

}  // namespace
}  // namespace ume
