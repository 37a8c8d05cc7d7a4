#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace ume {

// A decoded picture: 8-bit RGB, row-major.
struct RgbImage {
  int64_t height = 0;
  int64_t width = 0;
  std::vector<uint8_t> pixels;  // [height, width, 3]
};

// What becomes of transparency.
enum class AlphaMode : uint8_t {
  kDrop,   // colours as stored, alpha ignored: the published SFT path
  kWhite,  // composed on white: transformers 5, qwen_vl_utils for RGBA
};

struct DecodeOptions {
  int64_t max_pixels = 64'000'000;      // height * width, as the header says
  int64_t max_file_bytes = 32ll << 20;  // of the encoded file
  // Memory for a picture that is not decoded row by row: WebP, interlaced PNG,
  // JPEG in several scans.
  int64_t max_whole_bytes = 256ll << 20;
  AlphaMode alpha = AlphaMode::kDrop;
  bool apply_exif_orientation = false;  // the published paths ignore it
};

// JPEG (baseline, progressive; grey, YCbCr, RGB, CMYK, YCCK), PNG (every colour
// type and depth; 16 bits keep the high byte) or WebP (of an animation the
// first frame), told apart by content, to the pixels that Pillow's
// convert("RGB") gives. Size and limits are checked before any pixel is
// decoded.
//
// name: the file or record, for messages.
// Throws InvalidInput for an unknown format, a picture over a limit, and
// truncated or damaged data.
RgbImage decode_image(std::span<const uint8_t> bytes,
                      std::string_view name,
                      const DecodeOptions& options = {});

// Whether the content begins as a picture of a format that is decoded.
bool is_known_picture(std::span<const uint8_t> bytes);

}  // namespace ume
