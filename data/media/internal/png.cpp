#include <png.h>

#include <csetjmp>
#include <cstdio>
#include <cstring>

#include "data/media/internal/decoders.h"

namespace ume::internal {
namespace {

constexpr png_alloc_size_t kMaxChunkBytes = 8 << 20;
constexpr png_uint_32 kMaxChunks = 1000;

// What has no say in the pixels; skipped unread, four letters and a zero each.
constexpr png_byte kSkippedChunks[] =
    "bKGD\0cHRM\0gAMA\0hIST\0iCCP\0iTXt\0oFFs\0pCAL\0"
    "sBIT\0sCAL\0sPLT\0sRGB\0tEXt\0tIME\0zTXt";
constexpr int kNumSkippedChunks = sizeof kSkippedChunks / 5;

struct PngState {
  std::span<const uint8_t> rest;  // not yet read
  char message[256] = "";
};

void on_error(png_structp png, png_const_charp text) {
  auto* state = static_cast<PngState*>(png_get_error_ptr(png));
  std::snprintf(state->message, sizeof state->message, "%s", text);
  png_longjmp(png, 1);
}

void on_warning(png_structp, png_const_charp) {}

void on_read(png_structp png, png_bytep out, size_t size) {
  auto* state = static_cast<PngState*>(png_get_io_ptr(png));
  if (size > state->rest.size()) png_error(png, "the file ends early");
  std::memcpy(out, state->rest.data(), size);
  state->rest = state->rest.subspan(size);
}

// Owns libpng's state. libpng leaves by longjmp, so the methods that call it
// have no locals with destructors; they return false, with the reason in
// `message()`.
class PngReader {
 public:
  explicit PngReader(std::span<const uint8_t> bytes) { state_.rest = bytes; }
  PngReader(const PngReader&) = delete;
  PngReader& operator=(const PngReader&) = delete;
  ~PngReader() { png_destroy_read_struct(&png_, &info_, nullptr); }

  bool open() {
    png_ = png_create_read_struct(PNG_LIBPNG_VER_STRING, &state_, on_error,
                                  on_warning);
    if (png_ == nullptr) return false;
    info_ = png_create_info_struct(png_);
    if (info_ == nullptr) return false;
    if (setjmp(png_jmpbuf(png_))) return false;
    png_set_read_fn(png_, &state_, on_read);
    png_set_chunk_malloc_max(png_, kMaxChunkBytes);
    png_set_chunk_cache_max(png_, kMaxChunks);
    png_set_keep_unknown_chunks(png_, PNG_HANDLE_CHUNK_NEVER, kSkippedChunks,
                                kNumSkippedChunks);
    png_read_info(png_, info_);
    return true;
  }

  // Asks for 8-bit RGB, or RGBA where there is transparency to keep.
  bool choose_format(bool keep_alpha) {
    if (setjmp(png_jmpbuf(png_))) return false;
    const int type = png_get_color_type(png_, info_);
    png_set_strip_16(png_);
    if (type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png_);
    if (!(type & PNG_COLOR_MASK_COLOR)) {
      if (png_get_bit_depth(png_, info_) < 8) {
        png_set_expand_gray_1_2_4_to_8(png_);
      }
      png_set_gray_to_rgb(png_);
    }
    if (!keep_alpha) {
      png_set_strip_alpha(png_);
    } else if (png_get_valid(png_, info_, PNG_INFO_tRNS)) {
      png_set_tRNS_to_alpha(png_);
    }
    num_passes_ = png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    return true;
  }

  // The next row of width * num_channels() bytes; for num_passes() == 1.
  bool read_row(png_bytep row) {
    if (setjmp(png_jmpbuf(png_))) return false;
    png_read_row(png_, row, nullptr);
    return true;
  }

  // All at once, whatever num_passes().
  // rows: one pointer per row of width * num_channels() bytes.
  bool read(png_bytepp rows) {
    if (setjmp(png_jmpbuf(png_))) return false;
    png_read_image(png_, rows);
    return true;
  }

  int num_passes() const { return num_passes_; }
  int num_channels() const { return png_get_channels(png_, info_); }
  const char* message() const {
    return state_.message[0] ? state_.message : "out of memory";
  }

  std::vector<uint8_t> exif() {
    png_uint_32 size = 0;
    png_bytep data = nullptr;
    if (png_get_eXIf_1(png_, info_, &size, &data) == 0) return {};
    return {data, data + size};
  }

 private:
  PngState state_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  int num_passes_ = 1;
};

uint32_t big_endian(const uint8_t* p) {
  return uint32_t{p[0]} << 24 | uint32_t{p[1]} << 16 | uint32_t{p[2]} << 8 |
         uint32_t{p[3]};
}

// The header chunk comes first: 8 bytes signature, length, "IHDR", the size,
// bits a sample. Returns the size without pixels.
RgbImage check_header(const ImageSource& source) {
  const uint8_t* bytes = source.bytes.data();
  if (source.bytes.size() < 33 || std::memcmp(bytes + 12, "IHDR", 4) != 0) {
    refuse_image(source, "PNG without a header chunk");
  }
  const int64_t width = big_endian(bytes + 16);
  const int64_t height = big_endian(bytes + 20);
  check_image_size(source, width, height);
  // No deflate stream holds more than 1032 times its own bytes.
  constexpr int64_t kMostDeflated = 1032;
  const int64_t depth = bytes[24];
  if (height * (width * depth / 8) / kMostDeflated >
      static_cast<int64_t>(source.bytes.size())) {
    refuse_image(
        source,
        "PNG: the file ends early: " + std::to_string(source.bytes.size()) +
            " bytes cannot hold a picture of " + std::to_string(width) + "x" +
            std::to_string(height));
  }
  return {height, width, {}};
}

// libpng takes memory for a whole chunk before it reads it, so none of those
// before the pixels may promise more than the file has.
void check_chunks(const ImageSource& source) {
  constexpr size_t kSignature = 8;
  constexpr size_t kFrame = 12;  // length, name, checksum
  std::span<const uint8_t> rest = source.bytes.subspan(kSignature);
  while (rest.size() >= kFrame && std::memcmp(&rest[4], "IDAT", 4) != 0) {
    const uint32_t length = big_endian(rest.data());
    if (length > rest.size() - kFrame) {
      refuse_image(source, "PNG: the file ends early: a chunk of " +
                               std::to_string(length) + " bytes where " +
                               std::to_string(rest.size() - kFrame) +
                               " are left");
    }
    rest = rest.subspan(kFrame + length);
  }
}

// Throws with libpng's reason where `done` is false.
void check(const ImageSource& source, const PngReader& reader, bool done) {
  if (!done) refuse_image(source, std::string("PNG: ") + reader.message());
}

// Row by row, so that memory grows with what is there: a header may promise
// more.
void read_rows(const ImageSource& source, PngReader& reader, RgbImage& image) {
  const int64_t row_bytes = image.width * 3;
  image.pixels.reserve(image.height * row_bytes);
  std::vector<uint8_t> row(image.width * reader.num_channels());
  for (int64_t y = 0; y < image.height; ++y) {
    check(source, reader, reader.read_row(row.data()));
    if (reader.num_channels() == 3) {
      image.pixels.insert(image.pixels.end(), row.begin(), row.end());
    } else {
      image.pixels.resize((y + 1) * row_bytes);
      compose_on_white(row, std::span(image.pixels).last(row_bytes));
    }
  }
}

void read_interlaced(const ImageSource& source,
                     PngReader& reader,
                     RgbImage& image) {
  const int64_t row_bytes = image.width * reader.num_channels();
  check_whole_picture(source, "interlaced PNG", image.height * row_bytes);
  auto& pixels = image.pixels;
  pixels.resize(image.height * row_bytes);
  std::vector<png_bytep> rows(image.height);
  for (int64_t y = 0; y < image.height; ++y) {
    rows[y] = pixels.data() + y * row_bytes;
  }
  check(source, reader, reader.read(rows.data()));
  if (reader.num_channels() == 3) return;
  const size_t rgb_bytes = image.height * image.width * 3;
  compose_on_white(pixels, std::span(pixels).first(rgb_bytes));
  pixels.resize(rgb_bytes);
}

}  // namespace

Decoded decode_png(const ImageSource& source) {
  Decoded out{check_header(source), {}};
  check_chunks(source);
  PngReader reader(source.bytes);
  check(source, reader, reader.open());
  check(source, reader,
        reader.choose_format(source.options.alpha == AlphaMode::kWhite));
  if (reader.num_channels() != 3 && reader.num_channels() != 4) {
    refuse_image(source, "PNG of an unknown colour type");
  }
  if (reader.num_passes() == 1) {
    read_rows(source, reader, out.image);
  } else {
    read_interlaced(source, reader, out.image);
  }
  if (source.options.apply_exif_orientation) out.exif = reader.exif();
  return out;
}

}  // namespace ume::internal
