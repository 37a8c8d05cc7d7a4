#include <csetjmp>
#include <cstdio>
#include <cstring>

// jpeglib.h needs size_t and FILE to be declared before it.
#include <jerror.h>
#include <jpeglib.h>

#include "data/media/internal/decoders.h"

namespace ume::internal {
namespace {

// A progressive file may ask for a full pass per scan; real ones have about 10,
// those of CMYK 18.
constexpr int kMaxScans = 32;
constexpr int kExifMarker = JPEG_APP0 + 1;

struct JpegErrors {
  jpeg_error_mgr base;  // first: libjpeg hands back a pointer to it
  std::jmp_buf jump;
  char message[JMSG_LENGTH_MAX];
};

[[noreturn]] void leave(j_common_ptr info) {
  auto* errors = reinterpret_cast<JpegErrors*>(info->err);
  (*info->err->format_message)(info, errors->message);
  std::longjmp(errors->jump, 1);
}

// Data that ends early, or a marker in its middle, is only a warning to
// libjpeg, which then invents grey.
void on_message(j_common_ptr info, int level) {
  if (level < 0 && (info->err->msg_code == JWRN_JPEG_EOF ||
                    info->err->msg_code == JWRN_HIT_MARKER)) {
    leave(info);
  }
}

void on_progress(j_common_ptr info) {
  auto* decompress = reinterpret_cast<j_decompress_ptr>(info);
  if (decompress->input_scan_number > kMaxScans) {
    auto* errors = reinterpret_cast<JpegErrors*>(info->err);
    std::snprintf(errors->message, sizeof errors->message, "more than %d scans",
                  kMaxScans);
    std::longjmp(errors->jump, 1);
  }
}

// Owns libjpeg's state. libjpeg leaves by longjmp, so the methods that call it
// have no locals with destructors; they return false, with the reason in
// `message()`.
class JpegReader {
 public:
  JpegReader() = default;
  JpegReader(const JpegReader&) = delete;
  JpegReader& operator=(const JpegReader&) = delete;
  ~JpegReader() { jpeg_destroy_decompress(&info_); }

  bool open(const uint8_t* data, size_t size) {
    info_.err = jpeg_std_error(&errors_.base);
    errors_.base.error_exit = leave;
    errors_.base.emit_message = on_message;
    if (setjmp(errors_.jump)) return false;
    jpeg_create_decompress(&info_);
    progress_.progress_monitor = on_progress;
    info_.progress = &progress_;
    jpeg_mem_src(&info_, data, size);
    jpeg_save_markers(&info_, kExifMarker, 0xffff);
    jpeg_read_header(&info_, TRUE);
    return true;
  }

  // Rows of 1 (grey), 3 (RGB) or 4 (CMYK) bytes a pixel.
  bool start() {
    if (setjmp(errors_.jump)) return false;
    info_.out_color_space = info_.num_components == 1   ? JCS_GRAYSCALE
                            : info_.num_components == 3 ? JCS_RGB
                                                        : JCS_CMYK;
    jpeg_start_decompress(&info_);
    return true;
  }

  bool read_row(uint8_t* row) {
    if (setjmp(errors_.jump)) return false;
    jpeg_read_scanlines(&info_, &row, 1);
    return true;
  }

  // What several scans need at once: each component's coefficients, and the
  // pixels that are made of them. 0 for a single scan.
  int64_t whole_bytes() {
    if (!jpeg_has_multiple_scans(&info_)) return 0;
    int64_t total = width() * height() * 3;
    for (int i = 0; i < info_.num_components; ++i) {
      const jpeg_component_info& component = info_.comp_info[i];
      total += int64_t{component.width_in_blocks} * component.height_in_blocks *
               sizeof(JBLOCK);
    }
    return total;
  }

  int64_t width() const { return info_.image_width; }
  int64_t height() const { return info_.image_height; }
  int num_components() const { return info_.num_components; }
  const char* message() const { return errors_.message; }

  std::vector<uint8_t> exif() const {
    constexpr size_t kHeader = 6;  // "Exif\0\0"
    for (auto* m = info_.marker_list; m != nullptr; m = m->next) {
      if (m->marker == kExifMarker && m->data_length > kHeader &&
          std::memcmp(m->data, "Exif\0\0", kHeader) == 0) {
        return {m->data + kHeader, m->data + m->data_length};
      }
    }
    return {};
  }

 private:
  jpeg_decompress_struct info_{};
  JpegErrors errors_{};
  jpeg_progress_mgr progress_{};
};

// As Pillow: Adobe's inverted CMYK is assumed; rounded division by 255.
void cmyk_to_rgb(const uint8_t* cmyk, int64_t width, uint8_t* rgb) {
  for (int64_t x = 0; x < width; ++x, cmyk += 4, rgb += 3) {
    const int black = cmyk[3];
    for (int c = 0; c < 3; ++c) {
      const int product = (255 - cmyk[c]) * black + 128;
      const int value = black - (((product >> 8) + product) >> 8);
      rgb[c] = static_cast<uint8_t>(value < 0 ? 0 : value);
    }
  }
}

void grey_to_rgb(const uint8_t* grey, int64_t width, uint8_t* rgb) {
  for (int64_t x = 0; x < width; ++x, rgb += 3) {
    rgb[0] = rgb[1] = rgb[2] = grey[x];
  }
}

}  // namespace

Decoded decode_jpeg(const ImageSource& source) {
  JpegReader reader;
  if (!reader.open(source.bytes.data(), source.bytes.size())) {
    refuse_image(source, std::string("JPEG: ") + reader.message());
  }
  const int64_t width = reader.width();
  const int64_t height = reader.height();
  check_image_size(source, width, height);
  const int channels = reader.num_components();
  if (channels != 1 && channels != 3 && channels != 4) {
    refuse_image(source, "JPEG with " + std::to_string(channels) +
                             " components; expected 1, 3 or 4");
  }
  check_whole_picture(source, "JPEG in several scans", reader.whole_bytes());
  if (!reader.start()) {
    refuse_image(source, std::string("JPEG: ") + reader.message());
  }
  Decoded out{{height, width, {}}, {}};
  auto& pixels = out.image.pixels;
  // Grows with what is there: a header may promise more.
  pixels.reserve(height * width * 3);
  std::vector<uint8_t> row(width * channels);
  for (int64_t y = 0; y < height; ++y) {
    if (!reader.read_row(row.data())) {
      refuse_image(source, std::string("JPEG: ") + reader.message() +
                               " in row " + std::to_string(y) + " of " +
                               std::to_string(height));
    }
    pixels.resize((y + 1) * width * 3);
    uint8_t* rgb = pixels.data() + y * width * 3;
    if (channels == 1) grey_to_rgb(row.data(), width, rgb);
    if (channels == 3) std::memcpy(rgb, row.data(), row.size());
    if (channels == 4) cmyk_to_rgb(row.data(), width, rgb);
  }
  if (source.options.apply_exif_orientation) out.exif = reader.exif();
  return out;
}

}  // namespace ume::internal
