#include "data/media/decode_image.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>

#include "common/error/error.h"
#include "data/media/media_file.h"
#include "data/media/resize.h"

namespace ume {
namespace {

using Catch::Matchers::Contains;
using Bytes = std::vector<uint8_t>;

const std::filesystem::path kSource =
    "tests/fixtures/parity/image_processor/source";

// 3x2, RGBA in raster order: (255,0,0,255) (0,255,0,128) (0,0,255,1)
// (10,20,30,255) (200,100,50,64) (1,2,3,254); written by Pillow, lossless.
constexpr const char* kWebp =
    "524946464e000000574542505650384c420000002f024000102f40906db3cc615ef777b9"
    "0799b44de939ff7a66ad8a1a10801c15bcf52f6914a46dc0306953f6846f010771eabfb5"
    "557b080109999247be88e87fc402";
// The same colours, opaque, then a frame of (9,9,9).
constexpr const char* kAnimatedWebp =
    "52494646b000000057454250565038580a00000002000000020000010000414e494d0600"
    "0000000000000000414e4d4652000000000000000000020000010000640000025650384c"
    "390000002f024000002fa0200001443cb0cc405fdd2093b669cf2a9afb69531380006354"
    "f0e95f4725f31fe00f594bd5c73610909029f9609188fe472c00414e4d462a0000000000"
    "00000000020000010000640000005650384c110000002f0240000007d0842634a1ff8188"
    "e87f0000";
// 2x1, 16-bit RGB: (12ff, 3480, 5600) (ffff, 0001, 807f).
constexpr const char* kDeepPng =
    "89504e470d0a1a0a0000000d49484452000000020000000110020000002bd0349e000000"
    "1549444154789c6310fa6fd210c6f0ff3f0363433d002189051a75167d9b000000004945"
    "4e44ae426082";
// 2x1, 16-bit grey: 12ff, fe01.
constexpr const char* kDeepGreyPng =
    "89504e470d0a1a0a0000000d494844520000000200000001100000000081d9fc15000000"
    "0d49444154789c6310faff8f110005470211ac87729f0000000049454e44ae426082";
// 4x1, 2-bit grey: 0, 1, 2, 3.
constexpr const char* kTwoBitPng =
    "89504e470d0a1a0a0000000d494844520000000400000001020000000096e748b0000000"
    "0a49444154789c63900600001d001c8ef4f5210000000049454e44ae426082";

Bytes from_hex(const std::string& hex) {
  Bytes bytes;
  for (size_t i = 0; i < hex.size(); i += 2) {
    bytes.push_back(std::stoi(hex.substr(i, 2), nullptr, 16));
  }
  return bytes;
}

Bytes source_bytes(const std::string& name) {
  return read_media_file(open_media_file(kSource / name), 1 << 20);
}

// What decoding says: "" if it succeeds.
std::string refusal(const Bytes& bytes, const DecodeOptions& options = {}) {
  try {
    const RgbImage image = decode_image(bytes, "a/b.img", options);
    CHECK(static_cast<int64_t>(image.pixels.size()) ==
          image.height * image.width * 3);
    return "";
  } catch (const InvalidInput& error) {
    CHECK_THAT(error.what(), Contains("a/b.img: "));
    return error.what();
  }
}

void put_big_endian(Bytes& bytes, size_t at, uint32_t value, int num_bytes) {
  for (int i = 0; i < num_bytes; ++i) {
    bytes[at + i] = static_cast<uint8_t>(value >> 8 * (num_bytes - 1 - i));
  }
}

TEST_CASE("a WebP picture decodes with its alpha dropped or on white") {
  const Bytes bytes = from_hex(kWebp);
  CHECK(decode_image(bytes, "w").pixels == Bytes{255, 0, 0, 0, 255, 0, 0, 0,
                                                 255, 10, 20, 30, 200, 100, 50,
                                                 1, 2, 3});
  DecodeOptions options;
  options.alpha = AlphaMode::kWhite;
  // By hand: round(c * a / 255 + 255 - a).
  CHECK(decode_image(bytes, "w", options).pixels ==
        Bytes{255, 0, 0, 127, 255, 127, 254, 254, 255, 10, 20, 30, 241, 216,
              204, 2, 3, 4});
}

TEST_CASE("of an animated WebP the first frame is taken") {
  const RgbImage image = decode_image(from_hex(kAnimatedWebp), "w");
  CHECK(image.width == 3);
  CHECK(image.height == 2);
  CHECK(image.pixels == Bytes{255, 0, 0, 0, 255, 0, 0, 0, 255, 10, 20, 30, 200,
                              100, 50, 1, 2, 3});
}

TEST_CASE("of a 16-bit PNG the high byte is kept") {
  CHECK(decode_image(from_hex(kDeepPng), "p").pixels ==
        Bytes{0x12, 0x34, 0x56, 0xff, 0x00, 0x80});
  CHECK(decode_image(from_hex(kDeepGreyPng), "p").pixels ==
        Bytes{0x12, 0x12, 0x12, 0xfe, 0xfe, 0xfe});
}

TEST_CASE("grey below 8 bits fills the whole range") {
  CHECK(decode_image(from_hex(kTwoBitPng), "p").pixels ==
        Bytes{0, 0, 0, 85, 85, 85, 170, 170, 170, 255, 255, 255});
}

TEST_CASE("a picture cut off anywhere before its last pixel is refused") {
  const std::vector<Bytes> pictures = {
      source_bytes("jpeg_420.jpg"),  source_bytes("jpeg_progressive.jpg"),
      source_bytes("jpeg_cmyk.jpg"), source_bytes("rgb_odd.png"),
      source_bytes("palette.png"),   from_hex(kWebp),
      from_hex(kAnimatedWebp)};
  for (const Bytes& whole : pictures) {
    // The last bytes may be trailers that no decoder needs.
    const size_t end = whole.size() - std::min<size_t>(whole.size() / 3, 24);
    for (size_t size = 0; size < end; size += 1 + whole.size() / 97) {
      CAPTURE(size, whole.size());
      CHECK(refusal(Bytes(whole.begin(), whole.begin() + size)) != "");
    }
    CHECK(refusal(whole) == "");
  }
}

TEST_CASE("a truncated JPEG is refused in words that name file and cause") {
  Bytes bytes = source_bytes("jpeg_444.jpg");
  bytes.resize(bytes.size() / 2);
  CHECK_THAT(refusal(bytes), Contains("JPEG") && Contains("end"));
}

TEST_CASE("a header that claims a huge picture is refused before decoding") {
  Bytes png = source_bytes("rgb_odd.png");
  put_big_endian(png, 16, 65'000, 4);
  put_big_endian(png, 20, 65'000, 4);
  CHECK_THAT(refusal(png), Contains("65000x65000 is over the limit of 64"));

  Bytes jpeg = source_bytes("jpeg_444.jpg");
  const Bytes frame_header = {0xff, 0xc0, 0x00, 0x11, 0x08};
  const auto at = std::search(jpeg.begin(), jpeg.end(), frame_header.begin(),
                              frame_header.end());
  REQUIRE(at != jpeg.end());
  put_big_endian(jpeg, at - jpeg.begin() + 5, 65'000, 2);
  put_big_endian(jpeg, at - jpeg.begin() + 7, 65'000, 2);
  CHECK_THAT(refusal(jpeg), Contains("65000x65000 is over the limit"));

  DecodeOptions small;
  small.max_pixels = 5;
  CHECK_THAT(refusal(from_hex(kWebp), small),
             Contains("3x2 is over the limit"));
}

TEST_CASE("a picture without pixels is refused") {
  Bytes png = source_bytes("rgb_odd.png");
  put_big_endian(png, 20, 0, 4);
  CHECK_THAT(refusal(png), Contains("101x0 has no pixels"));
}

TEST_CASE("what is no picture, or too many bytes, is refused") {
  CHECK_THAT(refusal({}), Contains("empty"));
  CHECK_THAT(refusal({'G', 'I', 'F', '8', '9', 'a', 0, 0}),
             Contains("GIF picture; pictures are read from JPEG, PNG"));
  DecodeOptions options;
  options.max_file_bytes = 85;
  CHECK_THAT(refusal(from_hex(kWebp), options), Contains("86 bytes are over"));
}

TEST_CASE("damaged pictures decode or are refused, and nothing else happens") {
  for (const char* name : {"jpeg_420.jpg", "jpeg_progressive.jpg",
                           "jpeg_cmyk.jpg", "palette.png", "rgba.png"}) {
    const Bytes whole = source_bytes(name);
    uint32_t state = 1;
    const auto next = [&state] {
      state = state * 1664525 + 1013904223;
      return state >> 8;
    };
    for (int round = 0; round < 60; ++round) {
      Bytes bytes = whole;
      for (int i = 0; i < 3; ++i) {
        bytes[next() % bytes.size()] = static_cast<uint8_t>(next());
      }
      refusal(bytes);
    }
  }
}

TEST_CASE("resizing to no pixels is refused and to the same size copies") {
  const RgbImage image = decode_image(from_hex(kWebp), "w");
  CHECK_THROWS_AS(resize_bicubic(image, 0, 3), InvalidInput);
  CHECK(resize_bicubic(image, 2, 3).pixels == image.pixels);
}

}  // namespace
}  // namespace ume
