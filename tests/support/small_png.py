"""Pictures for tests, without a library."""

import struct
import zlib


def png(side=56):
    """A whole picture, dark on the left."""
    def chunk(kind, body):
        check = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(
            ">I", check)
    row = b"\0" + b"".join(bytes([4 * x % 256, 9, 99]) for x in range(side))
    return (b"\x89PNG\r\n\x1a\n"
            + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0))
            + chunk(b"IDAT", zlib.compress(row * side, 0))
            + chunk(b"IEND", b""))
