#include <png.h>

#include <csetjmp>
#include <cstdio>
#include <cstring>

#include "data/media/internal/decoders.h"

namespace ume::internal {
namespace {

// Of one decompressed ancillary chunk (profiles, texts); we use none of them.
constexpr png_alloc_size_t kMaxChunkBytes = 8 << 20;
constexpr png_uint_32 kMaxChunks = 1000;

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
    png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    return true;
  }

  // rows: one pointer per row of width * num_channels() bytes.
  bool read(png_bytepp rows) {
    if (setjmp(png_jmpbuf(png_))) return false;
    png_read_image(png_, rows);
    return true;
  }

  // The next row of a picture that is not interlaced.
  bool read_row(png_bytep row) {
    if (setjmp(png_jmpbuf(png_))) return false;
    png_read_row(png_, row, nullptr);
    return true;
  }

  int num_channels() const { return png_get_channels(png_, info_); }
  bool is_interlaced() const {
    return png_get_interlace_type(png_, info_) != PNG_INTERLACE_NONE;
  }
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
};

uint32_t big_endian(const uint8_t* p) {
  return uint32_t{p[0]} << 24 | uint32_t{p[1]} << 16 | uint32_t{p[2]} << 8 |
         uint32_t{p[3]};
}

// The header chunk comes first: 8 bytes signature, length, "IHDR", the size.
void check_header(const ImageSource& source) {
  if (source.bytes.size() < 33 ||
      std::memcmp(source.bytes.data() + 12, "IHDR", 4) != 0) {
    refuse_image(source, "PNG without a header chunk");
  }
  check_image_size(source, big_endian(source.bytes.data() + 16),
                   big_endian(source.bytes.data() + 20));
}

}  // namespace

Decoded decode_png(const ImageSource& source) {
  check_header(source);
  const int64_t width = big_endian(source.bytes.data() + 16);
  const int64_t height = big_endian(source.bytes.data() + 20);
  const bool white = source.options.alpha == AlphaMode::kWhite;
  PngReader reader(source.bytes);
  const auto check = [&](bool done) {
    if (!done) refuse_image(source, std::string("PNG: ") + reader.message());
  };
  check(reader.open());
  check(reader.choose_format(white));
  const int channels = reader.num_channels();
  if (channels != 3 && channels != 4) {
    refuse_image(source, "PNG of an unknown colour type");
  }
  const int64_t row_bytes = width * channels;
  std::vector<uint8_t> pixels;
  pixels.reserve(height * row_bytes);
  if (reader.is_interlaced()) {
    pixels.resize(height * row_bytes);
    std::vector<png_bytep> rows(height);
    for (int64_t y = 0; y < height; ++y)
      rows[y] = pixels.data() + y * row_bytes;
    check(reader.read(rows.data()));
  } else {
    // Memory is touched row by row: a header claims more than a file holds.
    for (int64_t y = 0; y < height; ++y) {
      pixels.resize((y + 1) * row_bytes);
      check(reader.read_row(pixels.data() + y * row_bytes));
    }
  }
  Decoded out{{height, width, {}}, {}};
  if (channels == 3) {
    out.image.pixels = std::move(pixels);
  } else {
    out.image.pixels.resize(height * width * 3);
    compose_on_white(pixels, out.image.pixels);
  }
  if (source.options.apply_exif_orientation) out.exif = reader.exif();
  return out;
}

}  // namespace ume::internal
