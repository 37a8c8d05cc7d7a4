#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "common/error/error.h"
#include "data/media/decode_image.h"
#include "data/media/media_file.h"
#include "data/media/patches.h"
#include "data/media/resize.h"
#include "data/media/smart_resize.h"
#include "tests/data/sha256.h"

// Reference: Pillow and transformers' processors, recorded in
// tests/fixtures/parity/image_processor (its README says how).
namespace ume {
namespace {

using nlohmann::json;

const std::filesystem::path kFolder = "tests/fixtures/parity/image_processor";

json read_json(const std::string& name) {
  return json::parse(std::ifstream(kFolder / name));
}

RgbImage decode_file(const std::string& name,
                     const DecodeOptions& options = {}) {
  const auto bytes =
      read_media_file(open_media_file(kFolder / name), options.max_file_bytes);
  return decode_image(bytes, name, options);
}

std::string hash_of(const RgbImage& image) {
  return sha256_of<uint8_t>(image.pixels);
}

std::optional<PictureSize> size_or_error(PictureSize size,
                                         const PixelLimits& limits,
                                         ResizeRule rule) {
  try {
    return smart_resize(size, 28, limits, rule);
  } catch (const InvalidInput&) {
    return std::nullopt;
  }
}

std::optional<PictureSize> expected_size(const json& pair) {
  if (pair.is_null()) return std::nullopt;
  return PictureSize{pair[0], pair[1]};
}

struct NamedRule {
  const char* name;
  ResizeRule rule;
};
constexpr NamedRule kRules[] = {
    {"transformers5", ResizeRule::kTransformers5},
    {"transformers450", ResizeRule::kTransformers450},
    {"qwen_vl_utils", ResizeRule::kQwenVlUtils}};

void check_patches(const MediaPatches& patches,
                   const json& expected,
                   const char* hash_key) {
  CHECK(json(patches.grid) == expected["grid_thw"]);
  CHECK(sha256_of<float>(patches.values) == expected[hash_key]);
  // Says where they differ if the hash does.
  const auto& index = expected["statistics"]["sample_index"];
  const auto& value = expected["statistics"]["sample_value"];
  for (size_t i = 0; i < index.size(); ++i) {
    REQUIRE(patches.values.at(index[i]) == value[i].get<float>());
  }
}

TEST_CASE("every reference picture decodes to Pillow's RGB bytes") {
  for (const json& picture : read_json("images.json")) {
    const std::string file = picture["file"];
    CAPTURE(file);
    const RgbImage image = decode_file(file);
    CHECK(image.height == picture["height"]);
    CHECK(image.width == picture["width"]);
    CHECK(hash_of(image) == picture["rgb_sha256"]);
  }
}

TEST_CASE("transparency is composed on white where that is asked for") {
  int num_transparent = 0;
  for (const json& picture : read_json("images.json")) {
    if (!picture.contains("on_white_transformers5")) continue;
    const std::string file = picture["file"];
    CAPTURE(file);
    DecodeOptions options;
    options.alpha = AlphaMode::kWhite;
    CHECK(hash_of(decode_file(file, options)) ==
          picture["on_white_transformers5"]["sha256"]);
    ++num_transparent;
  }
  CHECK(num_transparent == 3);
}

TEST_CASE("the EXIF orientation turns a picture only where that is asked for") {
  for (const json& picture : read_json("images.json")) {
    if (!picture.contains("exif_transposed_rgb_sha256")) continue;
    DecodeOptions options;
    options.apply_exif_orientation = true;
    const RgbImage image = decode_file(picture["file"], options);
    CHECK(json({image.width, image.height}) == picture["exif_transposed_wh"]);
    CHECK(hash_of(image) == picture["exif_transposed_rgb_sha256"]);
    return;
  }
  FAIL("no rotated picture among the fixtures");
}

TEST_CASE("the size table of the three resize rules is met entry by entry") {
  for (const json& row : read_json("geometry.json")) {
    CAPTURE(row.dump());
    const PictureSize size{row["height"], row["width"]};
    const PixelLimits limits{row["min_pixels"], row["max_pixels"]};
    for (const auto& [name, rule] : kRules) {
      CHECK(size_or_error(size, limits, rule) == expected_size(row[name]));
    }
  }
}

TEST_CASE("every reference picture resizes to Pillow's bytes") {
  int num_checked = 0;
  for (const json& picture : read_json("images.json")) {
    const RgbImage image = decode_file(picture["file"]);
    for (const json& variant : picture["variants"]) {
      CAPTURE(picture["file"], variant["max_pixels"].get<int64_t>());
      const PixelLimits limits{variant["min_pixels"], variant["max_pixels"]};
      for (const auto& [name, rule] : kRules) {
        CHECK(size_or_error({image.height, image.width}, limits, rule) ==
              expected_size(variant["resized_height_width"][name]));
      }
      if (!variant.contains("resized_rgb_sha256")) continue;
      const PictureSize size =
          smart_resize({image.height, image.width}, 28, limits);
      const RgbImage resized = resize_bicubic(image, size.height, size.width);
      CHECK(hash_of(resized) == variant["resized_rgb_sha256"]);
      ++num_checked;
    }
  }
  CHECK(num_checked > 100);
}

TEST_CASE("pixel values of every reference picture are equal bit by bit") {
  const PreprocessorConfig config;
  for (const json& picture : read_json("images.json")) {
    const RgbImage image = decode_file(picture["file"]);
    for (const json& variant : picture["variants"]) {
      if (!variant.contains("pixel_values_sha256")) continue;
      CAPTURE(picture["file"], variant["max_pixels"].get<int64_t>());
      const PixelLimits limits{variant["min_pixels"], variant["max_pixels"]};
      check_patches(make_patches({&image, 1}, config, limits), variant,
                    "pixel_values_sha256");
    }
  }
}

TEST_CASE("pixel values of every reference clip are equal bit by bit") {
  const PreprocessorConfig config;
  for (const json& clip : read_json("videos.json")) {
    CAPTURE(clip["frames"].dump());
    std::vector<RgbImage> frames;
    for (const std::string file : clip["frames"]) {
      frames.push_back(decode_file(file));
    }
    const PixelLimits limits{clip["min_pixels"], clip["max_pixels"]};
    check_patches(make_patches(frames, config, limits), clip,
                  "pixel_values_videos_sha256");
  }
}

}  // namespace
}  // namespace ume
