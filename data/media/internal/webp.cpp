#include <webp/decode.h>
#include <webp/demux.h>

#include <algorithm>
#include <memory>

#include "data/media/internal/decoders.h"

namespace ume::internal {
namespace {

using Demuxer = std::unique_ptr<WebPDemuxer, decltype(&WebPDemuxDelete)>;

Demuxer demuxer_of(const ImageSource& source) {
  const WebPData data{source.bytes.data(), source.bytes.size()};
  return Demuxer(WebPDemux(&data), &WebPDemuxDelete);
}

std::vector<uint8_t> exif_of(const ImageSource& source) {
  const Demuxer demuxer = demuxer_of(source);
  WebPChunkIterator chunk;
  if (!demuxer || !WebPDemuxGetChunk(demuxer.get(), "EXIF", 1, &chunk)) {
    return {};
  }
  std::vector<uint8_t> exif(chunk.chunk.bytes,
                            chunk.chunk.bytes + chunk.chunk.size);
  WebPDemuxReleaseChunkIterator(&chunk);
  return exif;
}

struct FreeWebp {
  void operator()(uint8_t* p) const { WebPFree(p); }
};
// Allocated by libwebp, which touches it only as it decodes: a header may
// promise more than the file holds.
using WebpPixels = std::unique_ptr<uint8_t, FreeWebp>;

// [height, width, 3] of one picture; transparency on white where asked.
std::vector<uint8_t> decode_still(const ImageSource& source,
                                  std::span<const uint8_t> bytes,
                                  bool on_white) {
  int width = 0;
  int height = 0;
  const WebpPixels pixels(
      on_white ? WebPDecodeRGBA(bytes.data(), bytes.size(), &width, &height)
               : WebPDecodeRGB(bytes.data(), bytes.size(), &width, &height));
  if (!pixels) refuse_image(source, "WebP is truncated or damaged");
  const size_t area = size_t(width) * size_t(height);
  if (!on_white) return {pixels.get(), pixels.get() + area * 3};
  std::vector<uint8_t> rgb(area * 3);
  compose_on_white({pixels.get(), area * 4}, rgb);
  return rgb;
}

// The first frame of an animation, on a canvas that is otherwise transparent:
// white or black. Not by libwebp's animation decoder, which holds two canvases.
std::vector<uint8_t> decode_first_frame(const ImageSource& source,
                                        const WebPBitstreamFeatures& canvas,
                                        bool on_white) {
  const Demuxer demuxer = demuxer_of(source);
  WebPIterator frame;
  if (!demuxer || !WebPDemuxGetFrame(demuxer.get(), 1, &frame)) {
    refuse_image(source, "WebP animation is truncated or damaged");
  }
  const std::unique_ptr<WebPIterator, decltype(&WebPDemuxReleaseIterator)>
      releases(&frame, &WebPDemuxReleaseIterator);
  const std::vector<uint8_t> part = decode_still(
      source, {frame.fragment.bytes, frame.fragment.size}, on_white);
  const size_t row_bytes = size_t(frame.width) * 3;
  if (part.size() != row_bytes * size_t(frame.height) ||
      frame.x_offset + frame.width > canvas.width ||
      frame.y_offset + frame.height > canvas.height) {
    refuse_image(source, "WebP animation whose frame does not fit its canvas");
  }
  std::vector<uint8_t> rgb(size_t(canvas.width) * size_t(canvas.height) * 3,
                           on_white ? 255 : 0);
  for (int y = 0; y < frame.height; ++y) {
    const size_t at = size_t(frame.y_offset + y) * size_t(canvas.width) +
                      size_t(frame.x_offset);
    std::copy_n(part.data() + size_t(y) * row_bytes, row_bytes,
                rgb.data() + at * 3);
  }
  return rgb;
}

}  // namespace

Decoded decode_webp(const ImageSource& source) {
  // libwebp's own copy of a lossless picture and its result, or that result and
  // ours.
  constexpr int64_t kBytesPerPixel = 8;
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(source.bytes.data(), source.bytes.size(), &features) !=
      VP8_STATUS_OK) {
    refuse_image(source, "WebP header is truncated or damaged");
  }
  const int64_t width = features.width;
  const int64_t height = features.height;
  check_image_size(source, width, height);
  check_whole_picture(source, "WebP", height * width * kBytesPerPixel);
  const bool white =
      features.has_alpha && source.options.alpha == AlphaMode::kWhite;
  Decoded out{{height, width, {}}, {}};
  out.image.pixels = features.has_animation
                         ? decode_first_frame(source, features, white)
                         : decode_still(source, source.bytes, white);
  if (source.options.apply_exif_orientation) out.exif = exif_of(source);
  return out;
}

}  // namespace ume::internal
