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

struct FreeWebp {
  void operator()(uint8_t* p) const { WebPFree(p); }
};
// Allocated by libwebp, which touches it only as it decodes: a header may
// promise more than the file holds.
using WebpPixels = std::unique_ptr<uint8_t, FreeWebp>;

WebpPixels decode_still(const ImageSource& source, bool with_alpha) {
  const uint8_t* data = source.bytes.data();
  const size_t size = source.bytes.size();
  WebpPixels pixels(with_alpha ? WebPDecodeRGBA(data, size, nullptr, nullptr)
                               : WebPDecodeRGB(data, size, nullptr, nullptr));
  if (!pixels) refuse_image(source, "WebP is truncated or damaged");
  return pixels;
}

}  // namespace

Decoded decode_webp(const ImageSource& source) {
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(source.bytes.data(), source.bytes.size(), &features) !=
      VP8_STATUS_OK) {
    refuse_image(source, "WebP header is truncated or damaged");
  }
  const int64_t width = features.width;
  const int64_t height = features.height;
  check_image_size(source, width, height);
  const size_t area = height * width;
  const bool white =
      features.has_alpha && source.options.alpha == AlphaMode::kWhite;
  Decoded out{{height, width, {}}, {}};
  auto& rgb = out.image.pixels;
  if (features.has_animation) {
    const std::vector<uint8_t> rgba = first_frame(source, area * 4);
    rgb.resize(area * 3);
    white ? compose_on_white(rgba, rgb) : drop_alpha(rgba, rgb);
  } else if (white) {
    const WebpPixels rgba = decode_still(source, true);
    rgb.resize(area * 3);
    compose_on_white({rgba.get(), area * 4}, rgb);
  } else {
    const WebpPixels pixels = decode_still(source, false);
    rgb.assign(pixels.get(), pixels.get() + area * 3);
  }
  if (source.options.apply_exif_orientation) out.exif = exif_of(source);
  return out;
}

}  // namespace ume::internal
