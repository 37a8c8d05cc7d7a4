"""What the processes of a run say and write, and what is rewarded."""

import json
import pathlib
import struct

FIXTURES = pathlib.Path("tests/fixtures")
PARITY = FIXTURES / "parity"


def wire(suffix):
    for path in sorted((FIXTURES / "wire").glob(f"*_{suffix}*.hex")):
        if path.stem.startswith("score_"):
            continue  # of another protocol, one frame
        frames = [bytes.fromhex(line)
                  for line in path.read_text().split("\n")][:3]
        envelope, body, payload = frames
        yield path.stem, struct.pack("<BH", len(envelope), len(body)) + \
            envelope + body + payload


def wire_request():
    yield from wire("request")


def wire_reply():
    yield from wire("reply")


def wire_envelope():
    for path in sorted((FIXTURES / "wire").glob("*.hex"))[:4]:
        yield path.stem, bytes.fromhex(path.read_text().split("\n")[0])
    yield "nested", b"\x0b" * 200
    yield "long_claim", b"\x1a\xff\xff\xff\xff\x07"
    yield "unknown_fields", b"\xf8\x7f\x01\x08\x01"
    yield "bad_text", b"\x08\x01\x22\x02\xff\xfe"


def result_blob():
    number = struct.pack("<d", 0.5)
    trajectory = b"\0\2\5\6\1a" + b"\1" + bytes(4) + b"\1" + bytes(4) + b"\1\0"
    body = b"\1\1\2\3\2ab" + number + b"\7\0\2ef\5" + number + b"\0" + \
        number + b"\x10\0\1" + trajectory + b"\0"
    yield "good", body
    yield "empty", b"\1"
    yield "long_claim", b"\1\1\2\3\xff\xff\xff\xff\xff\xff\xff\xff\xff\1"


def weight_file():
    entry = {"name": "a", "dtype": "F32", "shape": [2], "offset": 0,
             "num_bytes": 8}
    text = json.dumps({"update": 1, "incarnation": 1,
                       "tensors": [entry]}).encode()
    padding = (64 - (16 + len(text) + 1) % 64) % 64
    yield "good", b"UMEWGT01" + b"\xff" * 8 + text + b"\n" + \
        b" " * padding + bytes(64)
    yield "wrap", b"UMEWGT01" + b"\xff" * 8 + text.replace(
        b"[2]", b"[4194305,4194305,211106198978564]") + b"\n" + bytes(200)
    yield "far", b"UMEWGT01" + b"\xff" * 8 + text.replace(
        b'"offset": 0', b'"offset": 18446744073709551552') + b"\n" + bytes(200)
    yield "length", b"UMEWGT01" + b"\xff" * 7 + b"\x7f" + text


def zstd_frame(content):
    """One frame of one block that is stored as it is (256 to 65,791 bytes)."""
    block = (len(content) << 3 | 1).to_bytes(3, "little")
    return b"\x28\xb5\x2f\xfd\x60" + struct.pack("<H", len(content) - 256) + \
        block + content


def trajectories():
    rows = [{"cohort": 1, "pair": pair, "side": side, "sample": 0,
             "completion": "<think>a</think><answer>a<gen_emb>",
             "gen_embedding": [1.0, pair + 0.5]}
            for pair in (0, 1) for side in ("query", "target")]
    text = "\n".join(json.dumps(row) for row in rows)
    yield "good", text.encode()
    for name, value in [("nan", '"nan"'), ("inf", '"inf"'), ("null", "null"),
                        ("huge", "1e300"), ("empty", "")]:
        yield name, text.replace("1.0, ", value + ", " if value else "").encode()
    yield "prompt", text.replace('"sample"', '"embedding_source": "prompt", '
                                 '"sample"').encode()
    yield "names", text.replace('"cohort": 1', '"cohort": "x"').encode()
    yield "twice", (text + "\n" + text).encode()
    yield "packed", zstd_frame(text.encode())


def format_rule():
    cases = json.loads((PARITY / "reward/format_cases.json").read_text())
    cases = cases if isinstance(cases, list) else next(
        value for value in cases.values() if isinstance(value, list))
    for number, case in enumerate(cases):
        text = next((v for k, v in case.items() if isinstance(v, str)
                     and k in ("completion", "text")), "")
        if len(text) < 2000:
            yield f"case_{number}", text.encode()
    yield "many", b"<think>" * 50 + b"</think><answer>" * 9 + b"<gen_emb>"
    yield "invalid", b"<think>\xff\xfe</think><answer>\x00<gen_emb>"


def reward_cohort():
    unit = struct.pack("<2f", 0.6, 0.8)
    row = b"\x3fabcdefghijkl" + unit
    yield "good", b"\1\1\2\0" + row * 8
    for name, value in [("nan", float("nan")), ("inf", float("inf")),
                        ("zero", 0.0), ("huge", 3e38), ("tiny", 1e-45)]:
        yield name, b"\2\1\2\1" + (b"\x0f" + struct.pack("<2f", value, 1.0)) * 12
    yield "dimensions", b"\1\1\2\2" + row * 8
    # Policies (bits of the fourth byte) and what stands behind the rows.
    pairs = bytes([0x00, 0x2b]) + b"\x05"
    sources = b"\0\1\0\1"
    vectors = struct.pack("<4f", 0.6, 0.8, -1.0, 0.0)
    for name, flags in [("prompt", 0x84), ("normalised", 0x08),
                        ("same_source", 0x11), ("no_duplicates", 0x21),
                        ("everything", 0xfc), ("zero", 0xf9)]:
        side = (sources if flags & 0x80 else b"") + \
            (vectors if flags & 0x40 else b"")
        yield "policy_" + name, b"\1\1\2" + bytes([flags]) + row * 8 + \
            pairs + side * 2


def score_message(name):
    return bytes.fromhex(
        (FIXTURES / "wire" / f"score_{name}.hex").read_text().strip())


def score_request():
    good = score_message("request")
    yield "good", good
    yield "half", good[:len(good) // 2]
    yield "empty", b"\x08\x01"
    yield "another_major", b"\x08\x02" + good[2:]
    yield "huge_shape", b"\x08\x01\x48\xff\xff\xff\xff\x07\x50\xff\xff\x03"
    yield "negative", b"\x08\x01\x48" + b"\xff" * 9 + b"\x01"


def score_reply():
    good = score_message("reply")
    for rows in (0, 2, 4):
        yield f"good_{rows}", bytes([rows]) + good
    yield "half", b"\4" + good[:len(good) // 2]
    yield "refusal", b"\2\x08\x01\x22\x02no"
    yield "bad_text", b"\2\x08\x01\x22\x02\xff\xfe"
    value = struct.pack("<d", 1.0)
    side = b"\x0a\x08" + value
    for name, row in (("row", b"\x00"), ("far_row", b"\x05"),
                      ("negative_row", b"\xff" * 9 + b"\x01")):
        why = b"\x08" + row + b"\x12\x01x"
        marked = side + b"\x12" + bytes([len(why)]) + why
        yield name, b"\1\x08\x01\x32" + bytes([len(marked)]) + marked + \
            b"\x3a" + bytes([len(side)]) + side


def judge_score():
    def answer(content):
        return json.dumps({"choices": [{"message": {
            "content": content}}]}).encode()

    for number, content in enumerate([
            "0.5", " 1 \n", "{\"score\": 0.25, \"why\": \"x\"}", "2", "-1e999",
            "nan", "0x1", "1.0.0", "good", "{\"score\": \"1\"}", "{", "\u00fc" * 99,
            "", None, 1]):
        yield f"answer_{number}", answer(content)
    yield "no_choices", b'{"choices": []}'
    yield "deep", b'{"choices":' + b"[" * 99
    yield "twice", b'{"choices": 1, "choices": 2}'
    yield "long_key", b'{"' + b"k" * 3000 + b'": 1, "' + b"k" * 3000 + b'": 2}'
    yield "not_utf8", b'{"choices": "\xff"}'
