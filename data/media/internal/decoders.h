#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/media/decode_image.h"

// One decoder per format behind decode_image. Each finds the size, calls
// `check_image_size`, then decodes, and throws InvalidInput.
namespace ume::internal {

struct ImageSource {
  std::span<const uint8_t> bytes;
  std::string_view name;
  const DecodeOptions& options;
};

struct Decoded {
  RgbImage image;
  std::vector<uint8_t> exif;  // the TIFF block; empty: none
};

Decoded decode_jpeg(const ImageSource& source);
Decoded decode_png(const ImageSource& source);
Decoded decode_webp(const ImageSource& source);

[[noreturn]] void refuse_image(const ImageSource& source,
                               const std::string& reason);

// Refuses a size of zero or over the limit.
void check_image_size(const ImageSource& source, int64_t width, int64_t height);

// Refuses a picture that takes over the limit of memory because its format
// needs all of it at once. `what`: the format.
void check_whole_picture(const ImageSource& source,
                         const std::string& what,
                         int64_t num_bytes);

// rgba: [num_pixels, 4]; rgb: [num_pixels, 3], which may be rgba's front.
// Pillow's alpha_composite on opaque white.
void compose_on_white(std::span<const uint8_t> rgba, std::span<uint8_t> rgb);

// The orientation (1..8) of an EXIF block; 1 if it has none or is damaged.
int exif_orientation(std::span<const uint8_t> tiff);

// Pillow's exif_transpose.
RgbImage apply_orientation(RgbImage image, int orientation);

}  // namespace ume::internal
