"""Pictures, and the answers of the program that decodes videos."""

import io
import pathlib
import random
import struct

FIXTURES = pathlib.Path("tests/fixtures")
PARITY = FIXTURES / "parity"


def small_pictures():
    from PIL import Image
    random.seed(1)
    noise = bytes(random.randrange(256) for _ in range(8 * 6 * 4))
    rgba = Image.frombytes("RGBA", (8, 6), noise)
    return {"rgba": rgba, "rgb": rgba.convert("RGB"), "grey": rgba.convert("L"),
            "la": rgba.convert("LA"), "palette": rgba.convert("RGB").convert(
                "P", palette=Image.ADAPTIVE, colors=5),
            "bilevel": rgba.convert("1"), "cmyk": rgba.convert(
                "RGB").convert("CMYK")}


def encoded(picture, **options):
    out = io.BytesIO()
    picture.save(out, **options)
    return out.getvalue()


def with_flags(name, picture):
    """The targets read options from the last byte."""
    for flags in (0, 3, 7):
        yield f"{name}_{flags}", picture + bytes([flags])


def image_png():
    for name, picture in small_pictures().items():
        if name != "cmyk":
            yield from with_flags(name, encoded(picture, format="PNG"))
    good = encoded(small_pictures()["rgb"], format="PNG")
    yield "bomb", good[:16] + struct.pack(">II", 1 << 31, 1 << 31) + good[24:]
    yield "no_width", good[:16] + struct.pack(">II", 0, 6) + good[24:]
    yield "lying", good[:16] + struct.pack(">II", 255, 255) + good[24:] + b"\0"
    yield "half", good[:len(good) // 2]
    for path in sorted((PARITY / "image_processor/source").glob("*.png")):
        if path.stat().st_size < 1000:
            yield path.stem, path.read_bytes()


def image_jpeg():
    for name in ("rgb", "grey", "cmyk"):
        picture = small_pictures()[name]
        yield from with_flags(name, encoded(picture, format="JPEG"))
        yield name + "_progressive", encoded(picture, format="JPEG",
                                             progressive=True)
        yield name + "_restart", encoded(picture, format="JPEG", quality=30)
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0"
    yield "exif", encoded(small_pictures()["rgb"], format="JPEG", exif=exif) + \
        b"\x03"
    good = encoded(small_pictures()["rgb"], format="JPEG")
    at = good.find(b"\xff\xc0") + 5
    yield "bomb", good[:at] + b"\xff\xff\xff\xff" + good[at + 4:]
    yield "no_rows", good[:at] + b"\0\0\0\x08" + good[at + 4:]
    yield "half", good[:len(good) // 2]
    source = PARITY / "image_processor/source"
    yield "jpeg_420", (source / "jpeg_420.jpg").read_bytes()


def image_webp():
    for name in ("rgb", "rgba"):
        picture = small_pictures()[name]
        for lossless in (False, True):
            yield from with_flags(
                f"{name}_{int(lossless)}",
                encoded(picture, format="WEBP", lossless=lossless))
    frames = [small_pictures()["rgba"], small_pictures()["rgb"].convert("RGBA")]
    moving = encoded(frames[0], format="WEBP", save_all=True,
                     append_images=frames[1:])
    yield from with_flags("moving", moving)
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0"
    yield "exif", encoded(frames[1], format="WEBP", exif=exif) + b"\x02"
    yield "half", moving[:len(moving) // 2]


def media_reply():
    def message(kind, content, size=None):
        return struct.pack("<IIQ", 0x31454D55, kind,
                           len(content) if size is None else size) + content

    def frame(height, width):
        return message(3, struct.pack("<2q", height, width) +
                       bytes(3 * height * width))

    video = struct.pack("<4q2d", 9, 2, 2, 2, 25.0, 0.36)
    yield "video", b"\0" + message(2, video) + frame(2, 2) + frame(1, 3) + \
        message(4, b"")
    yield "page", b"\1" + frame(2, 3) + message(4, b"")
    yield "refused", b"\0" + message(1, b"not a video")
    yield "long_words", b"\1" + message(1, b"a" * 9, 1 << 40)
    yield "large", b"\1" + message(3, struct.pack("<2q", 1 << 32, 1 << 32), 16)
    yield "not_finite", b"\0" + message(
        2, struct.pack("<4q2d", 9, 2, 2, 2, float("nan"), float("inf")))
