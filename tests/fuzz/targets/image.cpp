#include <zlib.h>

#include <vector>

#include "data/media/decode_image.h"
#include "tests/fuzz/input.h"
#include "tests/fuzz/target_functions.h"

namespace ume::fuzz {
namespace {

constexpr size_t kSignatureBytes = 8;
constexpr size_t kChunkFrame = 12;  // length, type, checksum

uint32_t big_endian(const uint8_t* at) {
  return uint32_t{at[0]} << 24 | uint32_t{at[1]} << 16 | uint32_t{at[2]} << 8 |
         uint32_t{at[3]};
}

// Gives each chunk of a PNG its right checksum, without which no mutation
// would get past it.
void mend_checksums(std::vector<uint8_t>& png) {
  for (size_t at = kSignatureBytes; at + kChunkFrame <= png.size();) {
    const uint32_t length = big_endian(&png[at]);
    if (length > png.size() - at - kChunkFrame) return;
    uLong sum = crc32(0, &png[at + 4], length + 4);
    for (size_t i = 0; i < 4; ++i, sum <<= 8) {
      png[at + 8 + length + i] = static_cast<uint8_t>(sum >> 24);
    }
    at += kChunkFrame + length;
  }
}

// The options are in the lowest bits of the last byte, which a decoder does
// not miss.
void decode(Bytes input, bool mend) {
  if (input.empty()) return;
  const uint8_t flags = input.back();
  std::vector<uint8_t> file(input.begin(), input.end());
  if (mend && (flags & 4) == 0) mend_checksums(file);
  DecodeOptions options;
  options.max_pixels = 1 << 16;  // so that one input costs little
  options.alpha = (flags & 1) != 0 ? AlphaMode::kWhite : AlphaMode::kDrop;
  options.apply_exif_orientation = (flags & 2) != 0;
  accepts([&] {
    const RgbImage image = decode_image(file, "input", options);
    UME_CHECK(image.height > 0 && image.width > 0 &&
                  image.height * image.width <= options.max_pixels,
              "a size over the limit");
    UME_CHECK(image.pixels.size() ==
                  static_cast<size_t>(image.height * image.width * 3),
              "pixels and size disagree");
  });
}

}  // namespace

void image_png(Bytes input) {
  if (as_text(input).starts_with("\x89PNG")) decode(input, true);
}

void image_jpeg(Bytes input) {
  if (as_text(input).starts_with("\xff\xd8")) decode(input, false);
}

void image_webp(Bytes input) {
  if (as_text(input).starts_with("RIFF")) decode(input, false);
}

}  // namespace ume::fuzz
