#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "common/error/error.h"
#include "data/media/decode_image.h"
#include "data/media/media_file.h"

// Pictures of every kind that is read, and of kinds that are not, against what
// Pillow 13 gives (tests/fixtures/pictures/build.py).
namespace ume {
namespace {

using nlohmann::json;

const std::filesystem::path kFolder = "tests/fixtures/pictures";

struct Table {
  json rows = json::parse(std::ifstream(kFolder / "expected.json"));
  std::vector<uint8_t> pixels = read_media_file(
      open_media_file(kFolder / "expected.rgb"), int64_t{1} << 30);
};

RgbImage decode(const json& row, const DecodeOptions& options) {
  const std::string file = row["file"];
  const auto bytes = read_media_file(open_media_file(kFolder / file), 1 << 20);
  return decode_image(bytes, file, options);
}

// The largest difference in grey levels.
int difference(const RgbImage& image,
               const json& expected,
               const std::vector<uint8_t>& pixels) {
  REQUIRE(image.height == expected["height"]);
  REQUIRE(image.width == expected["width"]);
  const uint8_t* want = pixels.data() + expected["offset"].get<size_t>();
  int largest = 0;
  for (size_t i = 0; i < image.pixels.size(); ++i) {
    largest = std::max(largest, std::abs(image.pixels[i] - want[i]));
  }
  return largest;
}

TEST_CASE("pictures of every kind decode to Pillow's pixels") {
  const Table table;
  int num_files = 0;
  for (const json& row : table.rows) {
    if (row.contains("refused")) continue;
    CAPTURE(row["file"]);
    CHECK(difference(decode(row, {}), row["rgb"], table.pixels) == 0);
    ++num_files;
  }
  CHECK(num_files >= 60);
}

TEST_CASE("transparency of every kind composes on white as Pillow does") {
  const Table table;
  DecodeOptions options;
  options.alpha = AlphaMode::kWhite;
  int num_files = 0;
  for (const json& row : table.rows) {
    if (!row.contains("rgb")) continue;
    CAPTURE(row["file"]);
    // What has no transparency stays as it is.
    const json& expected =
        row.contains("on_white") ? row["on_white"] : row["rgb"];
    if (row["file"] == "grey_alpha_16.png") continue;  // not in Pillow
    CHECK(difference(decode(row, options), expected, table.pixels) == 0);
    num_files += row.contains("on_white");
  }
  CHECK(num_files >= 10);
}

TEST_CASE("all EXIF orientations turn a picture upright where asked for") {
  const Table table;
  DecodeOptions options;
  options.apply_exif_orientation = true;
  int num_files = 0;
  for (const json& row : table.rows) {
    if (!row.contains("upright")) continue;
    CAPTURE(row["file"]);
    CHECK(difference(decode(row, options), row["upright"], table.pixels) == 0);
    ++num_files;
  }
  CHECK(num_files == 11);
}

TEST_CASE("other formats and broken files are refused by name and cause") {
  const Table table;
  int num_files = 0;
  for (const json& row : table.rows) {
    if (!row.contains("refused")) continue;
    CAPTURE(row["file"]);
    CHECK_THROWS_WITH(decode(row, {}),
                      Catch::Contains(row["file"].get<std::string>()) &&
                          Catch::Contains(row["refused"].get<std::string>()));
    ++num_files;
  }
  CHECK(num_files >= 15);
}

}  // namespace
}  // namespace ume
