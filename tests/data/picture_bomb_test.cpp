#include <malloc.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <cstdio>
#include <cstring>
#include <string>

#include "common/error/error.h"
#include "data/media/decode_image.h"
#include "data/media/media_file.h"
#include "data/media/smart_resize.h"
#include "tests/support/memory_status.h"

// Small files that claim large pictures.
namespace ume {
namespace {

using Catch::Matchers::Contains;
using Bytes = std::vector<uint8_t>;

const std::filesystem::path kFolder = "tests/fixtures/pictures";

Bytes fixture(const char* name) {
  return read_media_file(open_media_file(kFolder / name), 1 << 20);
}

void put_big_endian(Bytes& bytes, size_t at, uint32_t value, int num_bytes) {
  for (int i = 0; i < num_bytes; ++i) {
    bytes.at(at + i) = static_cast<uint8_t>(value >> 8 * (num_bytes - 1 - i));
  }
}

size_t position_of(const Bytes& bytes, const Bytes& part) {
  const auto at =
      std::search(bytes.begin(), bytes.end(), part.begin(), part.end());
  REQUIRE(at != bytes.end());
  return at - bytes.begin();
}

Bytes png_of(uint32_t width, uint32_t height, uint8_t depth = 8) {
  Bytes bytes = fixture("rgb_8.png");
  put_big_endian(bytes, 16, width, 4);
  put_big_endian(bytes, 20, height, 4);
  bytes.at(24) = depth;
  return bytes;
}

Bytes jpeg_of(const char* name, uint32_t width, uint32_t height) {
  Bytes bytes = fixture(name);
  const bool progressive = std::string(name).starts_with("progressive");
  const uint8_t marker = progressive ? 0xc2 : 0xc0;
  const size_t at = position_of(bytes, {0xff, marker});
  put_big_endian(bytes, at + 5, height, 2);
  put_big_endian(bytes, at + 7, width, 2);
  return bytes;
}

// Lossless: 14 bits of width - 1, then of height - 1, after the signature.
Bytes lossless_webp_of(uint32_t width, uint32_t height) {
  Bytes bytes = fixture("lossless.webp");
  const size_t at = position_of(bytes, {'V', 'P', '8', 'L'}) + 9;
  const uint32_t bits =
      (width - 1) | (height - 1) << 14 | (uint32_t{bytes[at + 3]} >> 4) << 28;
  for (int i = 0; i < 4; ++i) bytes[at + i] = bits >> 8 * i;
  return bytes;
}

// Lossy: 14 bits each after the start code.
Bytes lossy_webp_of(uint32_t width, uint32_t height) {
  Bytes bytes = fixture("lossy.webp");
  const size_t at = position_of(bytes, {0x9d, 0x01, 0x2a}) + 3;
  for (int i = 0; i < 2; ++i) {
    bytes[at + i] = width >> 8 * i;
    bytes[at + 2 + i] = height >> 8 * i;
  }
  return bytes;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kIsMeasured = false;  // sanitizers keep what is freed
#else
constexpr bool kIsMeasured = true;
#endif

// What decoding says; checks that it took less than 16 MiB.
std::string refusal_in_little_memory(const Bytes& bytes) {
  forget_memory_peak();
  const int64_t before = memory_status("VmHWM");
  std::string refusal;
  try {
    decode_image(bytes, "bomb", {});
  } catch (const InvalidInput& error) {
    refusal = error.what();
  }
  CHECK(memory_status("VmHWM") - before < int64_t{16} << 20);
  return refusal;
}

TEST_CASE("pictures over the limit are refused before they are decoded") {
  for (const Bytes& bomb :
       {png_of(30'000, 30'000, 1), png_of(0x7fffffff, 0x7fffffff),
        jpeg_of("plain.jpg", 65'500, 65'500),
        jpeg_of("progressive.jpg", 65'500, 65'500),
        lossless_webp_of(16'384, 16'384), lossy_webp_of(16'383, 16'383)}) {
    CHECK_THAT(refusal_in_little_memory(bomb),
               Contains("bomb: picture of ") &&
                   Contains("over the limit of 64000000 pixels"));
  }
}

TEST_CASE("headers that claim more than the file holds cost little memory") {
  for (const Bytes& bomb :
       {png_of(8'000, 8'000), png_of(60'000'000, 1), png_of(1, 60'000'000),
        jpeg_of("plain.jpg", 8'000, 8'000), jpeg_of("grey.jpg", 8'000, 8'000),
        jpeg_of("progressive.jpg", 5'000, 5'000),
        lossless_webp_of(5'000, 5'000), lossy_webp_of(5'000, 5'000)}) {
    CHECK_THAT(refusal_in_little_memory(bomb),
               Contains("bomb: ") && !Contains("row by row"));
  }
}

TEST_CASE("a PNG chunk that claims gigabytes costs little memory") {
  Bytes bytes = fixture("rgb_8.png");
  constexpr size_t kAfterHeader = 33;
  for (const char* name : {"sPLT", "eXIf", "iCCP", "tRNS", "abCd"}) {
    Bytes bomb(bytes.begin(), bytes.begin() + kAfterHeader + 8);
    put_big_endian(bomb, kAfterHeader, 0x7000'0000, 4);
    std::copy_n(name, 4, bomb.begin() + kAfterHeader + 4);
    bomb.insert(bomb.end(), bytes.begin() + kAfterHeader, bytes.end());
    CHECK_THAT(refusal_in_little_memory(bomb),
               Contains("a chunk of 1879048192 bytes where"));
  }
}

TEST_CASE("pictures that are needed whole have a limit of memory") {
  for (const Bytes& bomb :
       {jpeg_of("progressive.jpg", 8'000, 8'000),
        lossless_webp_of(8'000, 8'000), lossy_webp_of(8'000, 8'000)}) {
    CHECK_THAT(refusal_in_little_memory(bomb),
               Contains("cannot be decoded row by row; at most 268435456"));
  }
}

// Pictures of 2000 x 2000 that are needed whole: the most that decoding may
// take, result included, is what docs/fuzzing.md says.
TEST_CASE("pictures that are needed whole take what is documented") {
  const std::pair<const char*, int64_t> kBytesPerPixel[] = {
      {"interlaced.png", 4},
      {"lossless.webp", 8},
      {"animated.webp", 8},
      {"progressive.jpg", 9}};
  for (const auto& [name, bytes_per_pixel] : kBytesPerPixel) {
    CAPTURE(name);
    const Bytes bytes = fixture((std::string("large/") + name).c_str());
    malloc_trim(0);
    forget_memory_peak();
    const int64_t before = memory_status("VmHWM");
    const RgbImage image =
        decode_image(bytes, name, {.alpha = AlphaMode::kWhite});
    CHECK(image.width * image.height == 4'000'000);
    if (!kIsMeasured) continue;
    CHECK(memory_status("VmHWM") - before <
          bytes_per_pixel * 4'000'000 + (int64_t{2} << 20));
  }
}

TEST_CASE("pictures without pixels are refused") {
  CHECK_THAT(refusal_in_little_memory(png_of(0, 10)), Contains("no pixels"));
  CHECK_THAT(refusal_in_little_memory(png_of(10, 0)), Contains("no pixels"));
  CHECK_THAT(refusal_in_little_memory(jpeg_of("plain.jpg", 0, 10)),
             Contains("JPEG"));
  CHECK(refusal_in_little_memory(lossy_webp_of(0, 10)) != "");
}

TEST_CASE("aspect ratios above 200 are refused before resizing") {
  CHECK_THROWS_WITH(smart_resize({201, 1}, 28, {}),
                    Contains("aspect ratio above 200"));
  CHECK_THROWS_WITH(smart_resize({1, 60'000'000}, 28, {}),
                    Contains("aspect ratio above 200"));
  CHECK_NOTHROW(smart_resize({200, 1}, 28, {}));
}

}  // namespace
}  // namespace ume
