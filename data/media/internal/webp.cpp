#include <webp/decode.h>
#include <webp/demux.h>

#include <memory>

#include "data/media/internal/decoders.h"

namespace ume::internal {
namespace {

std::vector<uint8_t> exif_of(const ImageSource& source) {
  const WebPData data{source.bytes.data(), source.bytes.size()};
  const std::unique_ptr<WebPDemuxer, decltype(&WebPDemuxDelete)> demuxer(
      WebPDemux(&data), &WebPDemuxDelete);
  WebPChunkIterator chunk;
  if (!demuxer || !WebPDemuxGetChunk(demuxer.get(), "EXIF", 1, &chunk)) {
    return {};
  }
  std::vector<uint8_t> exif(chunk.chunk.bytes,
                            chunk.chunk.bytes + chunk.chunk.size);
  WebPDemuxReleaseChunkIterator(&chunk);
  return exif;
}

// [height, width, 4] of the animation's first frame on its canvas.
std::vector<uint8_t> first_frame(const ImageSource& source, int64_t size) {
  const WebPData data{source.bytes.data(), source.bytes.size()};
  WebPAnimDecoderOptions options;
  if (!WebPAnimDecoderOptionsInit(&options)) {
    refuse_image(source, "WebP library of another version");
  }
  options.color_mode = MODE_RGBA;
  const std::unique_ptr<WebPAnimDecoder, decltype(&WebPAnimDecoderDelete)>
      decoder(WebPAnimDecoderNew(&data, &options), &WebPAnimDecoderDelete);
  uint8_t* frame = nullptr;
  int timestamp_ms = 0;
  if (!decoder ||
      !WebPAnimDecoderGetNext(decoder.get(), &frame, &timestamp_ms)) {
    refuse_image(source, "WebP animation is truncated or damaged");
  }
  return {frame, frame + size};
}

}  // namespace

Decoded decode_webp(const ImageSource& source) {
  const uint8_t* data = source.bytes.data();
  const size_t size = source.bytes.size();
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(data, size, &features) != VP8_STATUS_OK) {
    refuse_image(source, "WebP header is truncated or damaged");
  }
  const int64_t width = features.width;
  const int64_t height = features.height;
  check_image_size(source, width, height);
  const bool white =
      features.has_alpha && source.options.alpha == AlphaMode::kWhite;
  Decoded out{{height, width, std::vector<uint8_t>(height * width * 3)}, {}};
  auto& rgb = out.image.pixels;
  if (features.has_animation || white) {
    std::vector<uint8_t> rgba;
    if (features.has_animation) {
      rgba = first_frame(source, height * width * 4);
    } else {
      rgba.resize(height * width * 4);
      if (!WebPDecodeRGBAInto(data, size, rgba.data(), rgba.size(),
                              static_cast<int>(width * 4))) {
        refuse_image(source, "WebP is truncated or damaged");
      }
    }
    white ? compose_on_white(rgba, rgb) : drop_alpha(rgba, rgb);
  } else if (!WebPDecodeRGBInto(data, size, rgb.data(), rgb.size(),
                                static_cast<int>(width * 3))) {
    refuse_image(source, "WebP is truncated or damaged");
  }
  if (source.options.apply_exif_orientation) out.exif = exif_of(source);
  return out;
}

}  // namespace ume::internal
