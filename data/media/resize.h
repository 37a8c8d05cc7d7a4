#pragma once

#include <cstdint>

#include "data/media/decode_image.h"

namespace ume {

// Pillow's bicubic resize (a = -0.5, antialiased when shrinking), bit by bit:
// weights in 22-bit fixed point and two passes with an 8-bit picture in
// between, a pass skipped where the size stays. The horizontal pass comes first
// unless many more rows than columns are dropped, as in Pillow 13 (in older
// versions always; such pictures then differ by single grey levels).
//
// Throws InvalidInput if the new size is not positive.
// Source: Pillow 13, Resample.c; the order of passes as
// tests/fixtures/parity/image_processor shows it, on which equality is tested.
RgbImage resize_bicubic(const RgbImage& image, int64_t height, int64_t width);

}  // namespace ume
