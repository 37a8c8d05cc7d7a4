#!/usr/bin/env python3
"""Pictures a second from file to patches, beside Pillow and NumPy doing the
same (decode, bicubic resize, normalise, cut); one thread each."""

import argparse
import math
import pathlib
import sys
import tempfile

from figures import alternate, figure, need_modules, quiet

need_modules("numpy", "PIL")
import numpy as np  # noqa: E402
from PIL import Image, ImageFilter  # noqa: E402

PATCH, MERGE, FRAMES = 14, 2, 2
MIN_PIXELS, MAX_PIXELS = 56 * 56, 28 * 28 * 1280
MEAN = np.array([0.48145466, 0.4578275, 0.40821073], np.float32)
STD = np.array([0.26862954, 0.26130258, 0.27577711], np.float32)


def new_size(height, width):
    factor = PATCH * MERGE
    high, wide = (max(factor, round(s / factor) * factor)
                  for s in (height, width))
    if high * wide > MAX_PIXELS:
        shrink = math.sqrt(height * width / MAX_PIXELS)
        high, wide = (math.floor(s / shrink / factor) * factor
                      for s in (height, width))
    elif high * wide < MIN_PIXELS:
        grow = math.sqrt(MIN_PIXELS / (height * width))
        high, wide = (math.ceil(s * grow / factor) * factor
                      for s in (height, width))
    return high, wide


def reference_patches(path):
    image = Image.open(path).convert("RGB")
    high, wide = new_size(image.height, image.width)
    pixels = np.asarray(image.resize((wide, high), Image.BICUBIC))
    values = (pixels.astype(np.float32) * np.float32(1 / 255) - MEAN) / STD
    rows, columns = high // PATCH, wide // PATCH
    grid = np.tile(values.transpose(2, 0, 1)[None], (FRAMES, 1, 1, 1)).reshape(
        1, FRAMES, 3, rows // MERGE, MERGE, PATCH, columns // MERGE, MERGE,
        PATCH)
    return np.ascontiguousarray(grid.transpose(0, 3, 6, 4, 7, 2, 1, 5, 8)
                                ).reshape(rows * columns, -1)


def write_pictures(folder, size, kind):
    """Smooth random pictures with some grain, as photographs have."""
    random = np.random.default_rng(1)
    paths = []
    for i in range(6):
        noise = random.integers(0, 256, (size[1], size[0], 3), np.uint8)
        image = Image.fromarray(noise).filter(ImageFilter.GaussianBlur(6))
        grain = random.integers(-6, 7, noise.shape)
        pixels = np.clip(np.asarray(image).astype(int) * 3 - 256 + grain, 0,
                         255).astype(np.uint8)
        paths.append(folder / f"{kind}_{size[0]}_{i}.{kind}")
        Image.fromarray(pixels).save(paths[-1])
    return paths


def measure(program, paths, passes, name):
    theirs_sum = passes * sum(float(reference_patches(p).sum(
        dtype=np.float64)) for p in paths)
    ours_sum = float(quiet(program, passes, *paths))
    if abs(ours_sum - theirs_sum) > 2e-3 * abs(theirs_sum) + 1e4:
        raise SystemExit(f"{name}: sums differ: {ours_sum} and {theirs_sum}")

    def pillow():
        for _ in range(passes):
            for path in paths:
                reference_patches(path)

    ours, theirs = alternate(7, lambda: quiet(program, passes, *paths), pillow)
    count = passes * len(paths)
    figure(f"media.{name}", count / ours, "pictures/s",
           f"x{theirs / ours:.2f} of Pillow and NumPy ({count / theirs:.3g}/s)")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--build", type=pathlib.Path, required=True)
    program = parser.parse_args().build.resolve() / "bin" / "ume_bench_media"
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for kind, size, passes in (("jpg", (1280, 960), 2),
                                   ("png", (1280, 960), 2),
                                   ("webp", (1280, 960), 2),
                                   ("png", (128, 128), 60)):
            measure(program, write_pictures(folder, size, kind), passes,
                    f"{kind}_{size[0]}x{size[1]}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
