#include "data/media/decode_image.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "common/error/error.h"
#include "data/media/internal/decoders.h"

namespace ume {

using namespace std::string_view_literals;

namespace internal {

void refuse_image(const ImageSource& source, const std::string& reason) {
  throw InvalidInput(std::string(source.name) + ": " + reason);
}

void check_image_size(const ImageSource& source,
                      int64_t width,
                      int64_t height) {
  const std::string size = std::to_string(width) + "x" + std::to_string(height);
  if (width <= 0 || height <= 0) {
    refuse_image(source, "picture of " + size + " has no pixels");
  }
  if (height > source.options.max_pixels / width) {
    refuse_image(source, "picture of " + size + " is over the limit of " +
                             std::to_string(source.options.max_pixels) +
                             " pixels");
  }
}

void check_whole_picture(const ImageSource& source,
                         const std::string& what,
                         int64_t num_bytes) {
  if (num_bytes <= source.options.max_whole_bytes) return;
  refuse_image(source, what + " of this size takes " +
                           std::to_string(num_bytes) +
                           " bytes of memory, as it cannot be decoded row by "
                           "row; at most " +
                           std::to_string(source.options.max_whole_bytes));
}

// Source over opaque white with 7 bits of extra precision, as Pillow's
// alpha_composite.
void compose_on_white(std::span<const uint8_t> rgba, std::span<uint8_t> rgb) {
  constexpr uint32_t kExtraBits = 7;
  for (size_t i = 0, j = 0; j < rgb.size(); i += 4, j += 3) {
    const uint32_t source = rgba[i + 3] << kExtraBits;
    const uint32_t white = (255u << kExtraBits) - source;
    for (size_t c = 0; c < 3; ++c) {
      const uint32_t sum =
          rgba[i + c] * source + 255 * white + (0x80u << kExtraBits);
      rgb[j + c] =
          static_cast<uint8_t>((((sum >> 8) + sum) >> 8) >> kExtraBits);
    }
  }
}

int exif_orientation(std::span<const uint8_t> tiff) {
  constexpr uint32_t kOrientationTag = 0x0112;
  constexpr size_t kEntryBytes = 12;
  if (tiff.size() < 8) return 1;
  const bool little = tiff[0] == 'I' && tiff[1] == 'I';
  if (!little && !(tiff[0] == 'M' && tiff[1] == 'M')) return 1;
  const auto number = [&](size_t at, size_t bytes) -> size_t {
    size_t value = 0;
    for (size_t i = 0; i < bytes; ++i) {
      value = value << 8 | tiff[at + (little ? bytes - 1 - i : i)];
    }
    return value;
  };
  const size_t directory = number(4, 4);
  if (directory > tiff.size() - 2) return 1;
  const size_t num_entries = number(directory, 2);
  for (size_t i = 0; i < num_entries; ++i) {
    const size_t entry = directory + 2 + i * kEntryBytes;
    if (entry + kEntryBytes > tiff.size()) return 1;
    if (number(entry, 2) != kOrientationTag) continue;
    const size_t value = number(entry + 8, 2);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

RgbImage apply_orientation(RgbImage image, int orientation) {
  if (orientation == 1) return image;
  const int64_t height = image.height;
  const int64_t width = image.width;
  const bool swaps = orientation >= 5;
  RgbImage out{swaps ? width : height, swaps ? height : width, {}};
  out.pixels.resize(image.pixels.size());
  for (int64_t y = 0; y < out.height; ++y) {
    for (int64_t x = 0; x < out.width; ++x) {
      int64_t from_y = swaps ? x : y;
      int64_t from_x = swaps ? y : x;
      if (orientation == 2 || orientation == 3 || orientation == 7 ||
          orientation == 8) {
        from_x = width - 1 - from_x;
      }
      if (orientation == 3 || orientation == 4 || orientation == 6 ||
          orientation == 7) {
        from_y = height - 1 - from_y;
      }
      std::copy_n(image.pixels.data() + (from_y * width + from_x) * 3, 3,
                  out.pixels.data() + (y * out.width + x) * 3);
    }
  }
  return out;
}

namespace {

bool starts_with(std::span<const uint8_t> bytes,
                 std::string_view magic,
                 size_t at = 0) {
  return bytes.size() >= at + magic.size() &&
         std::memcmp(bytes.data() + at, magic.data(), magic.size()) == 0;
}

bool is_jpeg(std::span<const uint8_t> bytes) {
  return starts_with(bytes, "\xff\xd8\xff"sv);
}
bool is_png(std::span<const uint8_t> bytes) {
  return starts_with(bytes, "\x89PNG\r\n\x1a\n"sv);
}
bool is_webp(std::span<const uint8_t> bytes) {
  return starts_with(bytes, "RIFF"sv) && starts_with(bytes, "WEBP"sv, 8);
}

// For the message: what a file is that looks like a picture of another format.
std::string_view other_format(std::span<const uint8_t> bytes) {
  if (starts_with(bytes, "GIF8"sv)) return "a GIF picture";
  if (starts_with(bytes, "BM"sv)) return "a BMP picture";
  if (starts_with(bytes, "II*\0"sv) || starts_with(bytes, "MM\0*"sv)) {
    return "a TIFF picture";
  }
  if (starts_with(bytes, "ftypavif"sv, 4)) return "an AVIF picture";
  if (starts_with(bytes, "ftyphei"sv, 4)) return "a HEIF picture";
  if (starts_with(bytes, "\0\0\0\x0cjP  "sv)) return "a JPEG 2000 picture";
  if (starts_with(bytes, "\xff\x0a"sv)) return "a JPEG XL picture";
  if (starts_with(bytes, "<svg"sv)) return "an SVG drawing";
  if (starts_with(bytes, "%PDF-"sv)) return "a PDF document";
  if (starts_with(bytes, "ftyp"sv, 4)) return "a video";
  return "of an unknown format";
}

Decoded decode_by_content(const ImageSource& source) {
  if (is_jpeg(source.bytes)) return decode_jpeg(source);
  if (is_png(source.bytes)) return decode_png(source);
  if (is_webp(source.bytes)) return decode_webp(source);
  refuse_image(source, "the file is " +
                           std::string(other_format(source.bytes)) +
                           "; pictures are read from JPEG, PNG and WebP");
}

}  // namespace
}  // namespace internal

bool is_known_picture(std::span<const uint8_t> bytes) {
  return internal::is_jpeg(bytes) || internal::is_png(bytes) ||
         internal::is_webp(bytes);
}

RgbImage decode_image(std::span<const uint8_t> bytes,
                      std::string_view name,
                      const DecodeOptions& options) {
  const internal::ImageSource source{bytes, name, options};
  if (bytes.empty()) internal::refuse_image(source, "the file is empty");
  if (static_cast<int64_t>(bytes.size()) > options.max_file_bytes) {
    internal::refuse_image(
        source, std::to_string(bytes.size()) + " bytes are over the limit of " +
                    std::to_string(options.max_file_bytes) + " a file");
  }
  internal::Decoded decoded = internal::decode_by_content(source);
  if (!options.apply_exif_orientation) return std::move(decoded.image);
  return internal::apply_orientation(std::move(decoded.image),
                                     internal::exif_orientation(decoded.exif));
}

}  // namespace ume
